import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, copyFile, mkdir, readdir, readFile, readlink, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../support/until.ts'
import { MODELS_DIRECTORY } from '../cluster/directories.ts'
import { cancel, preempt, showJob } from '../cluster/slurm-view.ts'
import { openAi, send } from '../site/clients.ts'
import { FAST_MODEL, GATEWAY, openSite, type Site } from '../site/site.ts'

const PATIENCE = { timeoutMs: 90_000 }
const NODE = 'vasp-01'
const BACKING = '/cluster/backing'
/** What the nodes share: a filesystem that gives 16 MiB a second. */
const SHARE = '/cluster/shared/models'
const DISK = '/scratch/ai/staged'
const SMALL_DISK = '/scratch/ai/small'
const SIZE = 256 * 2 ** 20
const WORK = join(DISK, '.sluice-staging')

const tier = (name: string, to = DISK) => ({
  engine: 'llama.cpp',
  path: `/${name}/`,
  model: { name, file: join(SHARE, 'models', `${name}.gguf`) },
  stage: { from: SHARE, to },
  args: { threads: 1 },
  loadTimeoutSeconds: 10, // less than the copy takes
  slurm: { partition: 'gpu_ai', gpus: 1, mem: '1G', nodelist: NODE },
})

let server: ChildProcess
let site: Site

beforeAll(async () => {
  await mkdir(join(BACKING, 'models'), { recursive: true })
  for (const name of ['one', 'two', 'three']) {
    const path = join(BACKING, 'models', `${name}.gguf`)
    await copyFile(join(MODELS_DIRECTORY, `${FAST_MODEL}.gguf`), path)
    await truncate(path, SIZE) // what stands behind the tensors is nobody's business
    await chmod(path, 0o644)
  }
  for (const path of [SHARE, DISK, SMALL_DISK]) await mkdir(path, { recursive: true })
  await execa('chown', ['ai:ai', DISK])
  await execa('mount', ['-t', 'tmpfs', '-o', 'size=80m,uid=2001,gid=2001', 'small', SMALL_DISK])
  server = spawn('bindfs', ['-f', '--read-rate=16M', '-o', 'allow_other', BACKING, SHARE])
  await until(
    'the mount',
    async () => (await execa('findmnt', ['-n', '-o', 'FSTYPE', SHARE], { reject: false })).stdout.includes('fuse'),
    PATIENCE,
  )
  site = await openSite({ one: tier('one'), two: tier('two'), three: tier('three', SMALL_DISK) })
  await site.startUpdater()
})
afterAll(async () => {
  await site.close()
  server.kill('SIGKILL')
  for (const path of [SHARE, SMALL_DISK]) await execa('umount', ['--lazy', path])
  for (const path of [BACKING, DISK]) await rm(path, { recursive: true })
})

describe('a model that is brought to the node', () => {
  it('is copied by one of two replicas; when that one is killed the other goes on where it was, and serves', async () => {
    await site.submit('one', 2)
    await until('both to tell how far it is', messages, {
      ...PATIENCE,
      holds: told =>
        told.filter(one => /^Copying one\.gguf to this node: [1-9]\d? % of 256\.0 MiB/.test(one)).length === 2,
    })
    const part = join(WORK, 'models/one.gguf.part')
    const holders = await holdersOf(part)
    expect(holders).toHaveLength(1)
    const { ino } = await stat(part)
    const [copier = 0] = holders
    process.kill(copier, 'SIGKILL')

    const [endpoint] = await site.serving(1, 'one')
    expect(endpoint?.models).toEqual(['one'])
    const staged = join(DISK, 'models/one.gguf')
    expect(await stat(staged)).toMatchObject({ ino, size: SIZE })
    expect((await execa('cmp', [staged, join(BACKING, 'models/one.gguf')])).exitCode).toBe(0)
    expect(await filesIn(WORK)).toEqual([])
    const client = openAi(`${GATEWAY}/one/v1`)
    expect(await send({ model: 'one', tokens: 20, stream: false }, client)).toMatchObject({ lost: undefined })
    const argv = await readFile(`/proc/${endpoint?.processes[0]?.pid}/cmdline`, 'latin1')
    expect(argv.split('\0')).toContain(staged)
  })

  it('is there already for the next one', async () => {
    const { ino } = await stat(join(DISK, 'models/one.gguf'))
    await site.submit('one', 1)
    await site.serving(2, 'one')
    expect((await stat(join(DISK, 'models/one.gguf'))).ino).toBe(ino)
  })

  it('is left as far as it came by a replica that must go, and gone on with when it comes back', async () => {
    const [jobId = ''] = await site.submit('two', 1)
    const part = join(WORK, 'models/two.gguf.part')
    await until('a part of it', async () => (await holdersOf(part)).length, PATIENCE)
    const { ino } = await stat(part)
    const preemptor = await preempt(NODE)
    await until('the preemptor to run', async () => (await showJob(preemptor))['JobState'] === 'RUNNING', PATIENCE)
    expect((await stat(part)).ino).toBe(ino)
    const events = await site.events(`two-${jobId}-0`)
    // Nobody was served, so nobody was waited for.
    expect(events.map(one => one.event)).toEqual(expect.arrayContaining(['draining', 'engine stopped', 'requeued']))
    await cancel(preemptor)
    const [back] = await site.serving(1, 'two')
    expect(back?.id).toBe(`two-${jobId}-1-0`)
    expect((await stat(join(DISK, 'models/two.gguf'))).ino).toBe(ino)
  })

  it('that does not fit is a clear error, and takes nothing', async () => {
    const [jobId = ''] = await site.submit('three', 1)
    const words = `Cannot copy three.gguf to "${SMALL_DISK}": it takes 256.0 MiB, and 80.0 MiB are free; make room there, or name another disk (stage.to)`
    await until('its words', messages, { ...PATIENCE, holds: told => told.includes(words) })
    expect(await filesIn(SMALL_DISK)).toEqual([])
    await cancel(jobId)
  })
})

async function messages(): Promise<string[]> {
  return (await site.endpoints()).map(one => one.message ?? '')
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries.filter(one => one.isFile()).map(one => one.name)
}

/** The pids of those that have the file open. */
async function holdersOf(path: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const open = await Promise.all(
    pids.map(async pid => {
      const files = await readdir(`/proc/${pid}/fd`).catch(() => [])
      return Promise.all(files.map(file => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')))
    }),
  )
  return pids.filter((_, index) => open[index]?.includes(path)).map(Number)
}
