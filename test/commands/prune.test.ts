import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { openRegistry } from '../../src/adapters/registry/open-registry.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { createSerialQueue } from '../../src/adapters/system/serial-queue.ts'
import { pruneBuilds, siteUsers } from '../../src/commands/prune.ts'
import type { BuildUser } from '../../src/core/domain/build.ts'
import { formatEndpoint } from '../../src/core/domain/endpoint.ts'
import type { JobState } from '../../src/core/domain/job-view.ts'
import { formatRoutes } from '../../src/core/domain/routes-file.ts'
import { endpoint } from '../support/endpoint.ts'

const [OLD, OLDER, NEW] = ['0.1.0-aaaaaaaaaaaa', '0.1.0-bbbbbbbbbbbb', '0.2.0-cccccccccccc']

async function installed() {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-prune-'))
  for (const build of [OLD, OLDER, NEW]) await mkdir(join(directory, build))
  await symlink(NEW, join(directory, 'current'))
  const printed: string[] = []
  const prune = (users: readonly BuildUser[], dryRun = false) =>
    pruneBuilds({ directory, users: async () => users, dryRun, print: line => printed.push(line) })
  return { directory, printed, prune, left: async () => (await readdir(directory)).sort() }
}

it('removes what is neither current nor run by anybody, and says what it keeps', async () => {
  const { prune, printed, left } = await installed()
  await prune([{ who: 'fast-1-0-0', build: OLD }], true)
  expect([printed.at(-1), await left()]).toEqual([`Would remove ${OLDER}`, [OLD, OLDER, NEW, 'current']])
  await prune([{ who: 'fast-1-0-0', build: OLD }])
  expect(printed.slice(3)).toEqual([`Kept ${OLD}: fast-1-0-0`, `Kept ${NEW}: current`, `Removed ${OLDER}`])
  expect(await left()).toEqual([OLD, NEW, 'current'])
})

it('keeps what a process of this machine runs', async () => {
  const { directory, prune, left } = await installed()
  const program = join(directory, OLD, 'node')
  await copyFile('/bin/sleep', program)
  const running = execFile(program, ['600'])
  onTestFinished(() => void running.kill('SIGKILL'))
  await prune([])
  expect(await left()).toEqual([OLD, NEW, 'current'])
})

it('removes nothing where a program does not report its build', async () => {
  const { prune, left } = await installed()
  await expect(prune([{ who: 'job 7', build: undefined }])).rejects.toThrow('nothing was removed')
  expect(await left()).toEqual([OLD, OLDER, NEW, 'current'])
})

it.each<[string, JobState, string | undefined, readonly BuildUser[]]>([
  ['an endpoint of a job that runs counts', 'running', OLD, [{ who: endpoint.id, build: OLD }]],
  ['one that is too old does not report it', 'running', undefined, [{ who: endpoint.id, build: undefined }]],
  ['one whose job has ended does not count', 'ended', undefined, []],
])('%s', async (_, state, build, expected) => {
  const { site } = await siteWith(build === undefined ? endpoint : { ...endpoint, build }, state)
  expect(await siteUsers(site, new AbortController().signal)).toEqual([
    { who: 'the updater of main', build: NEW },
    ...expected,
  ])
})

it('a job that runs and has not published yet does not report its build', async () => {
  const { site } = await siteWith(undefined, 'running')
  expect((await siteUsers(site, new AbortController().signal)).at(-1)).toEqual({ who: 'job 4242', build: undefined })
})

it('of a job that was requeued its earlier run does not show its build', async () => {
  const { site } = await siteWith({ ...endpoint, build: OLD }, 'running', endpoint.job.restarts + 1)
  expect((await siteUsers(site, new AbortController().signal)).slice(1)).toEqual([
    { who: endpoint.id, build: OLD },
    { who: 'job 4242', build: undefined },
  ])
})

it.each([
  ['the whole path', (directory: string) => join(directory, NEW)],
  ['a slash at its end', () => `${NEW}/`],
  ['a dot', () => `./${NEW}`],
])('keeps what current names by %s', async (_, target) => {
  const { directory, prune, left } = await installed()
  await rm(join(directory, 'current'))
  await symlink(target(directory), join(directory, 'current'))
  await prune([])
  expect(await left()).toEqual([NEW, 'current'])
})

it.each(['0.3.0-dddddddddddd', '/', 'elsewhere'])('removes nothing where current names %s, no build', async target => {
  const { directory, prune, left } = await installed()
  await mkdir(join(directory, 'elsewhere'))
  await rm(join(directory, 'current'))
  await symlink(target, join(directory, 'current'))
  await expect(prune([])).rejects.toThrow(`points at "${target}", which is not a build there`)
  expect(await left()).toEqual([OLD, OLDER, NEW, 'current', 'elsewhere'])
})

it('takes away what a prune that was cut short has left', async () => {
  const { directory, prune, left } = await installed()
  for (const build of [OLD, '0.0.9-eeeeeeeeeeee'])
    await mkdir(join(directory, `.${build}.removed/templates`), { recursive: true })
  await mkdir(join(directory, '.notes.removed'))
  await prune([])
  expect(await left()).toEqual(['.notes.removed', NEW, 'current'])
})

it('removes nothing more once current names another build', async () => {
  const { directory, left } = await installed()
  const users = async () => {
    await rm(join(directory, 'current'))
    await symlink(OLD, join(directory, 'current'))
    return []
  }
  await expect(pruneBuilds({ directory, users, dryRun: false, print: () => undefined })).rejects.toThrow(
    'names another',
  )
  expect(await left()).toEqual([OLD, OLDER, NEW, 'current'])
})

it('counts an endpoint whose job has another comment by now', async () => {
  const { site } = await siteWith({ ...endpoint, build: OLD }, 'running', endpoint.job.restarts, false)
  expect((await siteUsers(site, new AbortController().signal)).at(-1)).toEqual({ who: endpoint.id, build: OLD })
})

async function siteWith(
  published: typeof endpoint | undefined,
  state: JobState,
  run = endpoint.job.restarts,
  isOurs = true,
) {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-prune-'))
  const serialQueue = createSerialQueue(systemClock, 10_000)
  const registry = openRegistry(shared, serialQueue)
  await registry.make()
  if (published !== undefined)
    await writeFile(join(shared, `endpoints/${published.id}.json`), formatEndpoint(published), { mode: 0o640 })
  const routes = { version: 1, gateway: 'main', beat: 1, generation: 1, tiers: {}, build: NEW } as const
  await writeFile(join(shared, 'routes/main.json'), formatRoutes(routes))
  const { id, name } = endpoint.job
  const job = { id, restarts: run, name, state, stateText: state, reason: '', nodeList: '' }
  const jobs = async () => ({
    jobs: isOurs ? [{ tier: 'fast', job }] : [],
    others: isOurs ? [] : [job],
    complete: true,
  })
  const config = { shared, timing: { beatSeconds: 5, leaseSeconds: 20 } }
  onTestFinished(() => registry.close())
  return { site: { config, serialQueue, registry, jobs } as unknown as Parameters<typeof siteUsers>[0] }
}
