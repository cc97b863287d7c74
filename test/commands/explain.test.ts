import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { explainJob } from '../../src/commands/explain.ts'
import { UserError } from '../../src/core/domain/user-error.ts'
import { recordedContext } from '../support/recorded-context.ts'
import { openSmallSite } from '../support/small-site.ts'

/** What is printed of a job of a site whose registry nobody has made. */
async function explained(prefix: string, make: (shared: string) => Promise<void> = async () => undefined) {
  const home = await mkdtemp(join(tmpdir(), prefix))
  try {
    await mkdir(join(home, 'shared/events'), { recursive: true })
    await make(join(home, 'shared'))
    const event = { at: '2026-01-31T12:00:00Z', event: 'started', id: 'fast-13-0-0' }
    await writeFile(join(home, 'shared/events/fast-13-0.jsonl'), `${JSON.stringify(event)}\n`)
    await writeFile(
      join(home, 'sluice.yaml'),
      `site: lab\nshared: ${home}/shared\nruntime: ${home}\ngateway: { networks: [10.0.0.0/24] }\ntiers: { fast: { engine: demo, path: / } }\n`,
    )
    const context = recordedContext({ cwd: home, env: { PATH: '/nowhere' } })
    await explainJob('13', {}, context)
    return context.printed
  } finally {
    await rm(home, { recursive: true })
  }
}

it('a site without a registry is a fresh one, and no trouble', async () => {
  expect((await explained('sluice-explain-')).filter(line => line.includes('ENOENT'))).toEqual([])
})

it('a registry that cannot be read is told, whatever words its path has', async () => {
  const printed = await explained('sluice-ENOENT-', shared => writeFile(join(shared, 'endpoints'), 'no directory'))
  expect(printed.join('\n')).toMatch(/Cannot read the registry: .*\(ENOTDIR\)/)
})

it('explains the last job of a tier, with --json as one value', async () => {
  await using site = await openSmallSite()
  await writeFile(
    join(site.shared, 'events/fast-13-0.jsonl'),
    '{"at":"2026-01-31T12:00:00Z","event":"failed","id":"fast-13-0-0","message":"no"}\n',
  )
  await explainJob('fast', { json: true }, site.context)
  expect(JSON.parse(site.context.printed.join('\n'))).toMatchObject({ job: '13', tier: 'fast' })
})

it('fails where nothing is known of a job, and refuses a name that nothing has', async () => {
  await using site = await openSmallSite()
  await expect(explainJob('99', {}, site.context)).rejects.toThrow(/^Cannot explain job 99: it is not known/)
  await expect(explainJob('fats', {}, site.context)).rejects.toThrow(UserError)
})
