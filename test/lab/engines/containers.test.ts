import { existsSync } from 'node:fs'
import { chown, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findMarked } from '../../../src/adapters/system/processes.ts'
import { type Endpoint, replicaOf } from '../../../src/core/domain/endpoint.ts'
import { until } from '../../support/until.ts'
import { ACCOUNTS } from '../cluster/accounts.ts'
import { asUser } from '../cluster/as-user.ts'
import { MODELS_DIRECTORY, SHARED_DIRECTORY } from '../cluster/directories.ts'
import { cancel, preempt, showJob } from '../cluster/slurm-view.ts'
import { lostOf, send, startClients } from '../site/clients.ts'
import { engineOf, markerOf, supervisorOf } from '../site/replica-processes.ts'
import { FAST_MODEL, FAST_TIER, openSite, type Site, SLOW_MODEL } from '../site/site.ts'

const PATIENCE = { timeoutMs: 90_000 }
const IMAGES = '/cluster/images'
const SANDBOX = join(IMAGES, 'llama')
const SIF = join(IMAGES, 'llama.sif')
/** Nothing has this path but the image. */
const PROGRAM = '/opt/engine/llama-in-an-image'

const tier = (path: string, container: object, more: object = {}) => ({
  ...FAST_TIER,
  ...{ path, command: PROGRAM, container: { runtime: 'apptainer', image: SANDBOX, ...container } },
  env: { GGML_NOTE: '$HOME `id`' },
  ...more,
})

let site: Site

beforeAll(async () => {
  await mkdir(IMAGES, { recursive: true })
  await chown(IMAGES, ACCOUNTS.ai, ACCOUNTS.ai)
  await execa(join(import.meta.dirname, 'make-image.sh'), [SANDBOX, PROGRAM])
  // Not compressed: it is made in a second. The image is made by who runs it, an ordinary user.
  await asUser('ai', ['apptainer', 'build', '--mksquashfs-args', '-noI -noD -noF -noX', SIF, SANDBOX])
  site = await openSite({
    fast: tier('/', {}),
    packed: tier(
      '/packed/',
      { image: SIF },
      { model: { name: 'm', file: join(MODELS_DIRECTORY, `${FAST_MODEL}.gguf`) }, router: undefined },
    ),
    no_command: tier('/c/', {}, { command: 'llama-nobody-has' }),
    no_image: tier('/i/', { image: '/cluster/images/none.sif' }),
    no_shifter: tier('/s/', { runtime: 'shifter', image: 'a/b:c' }),
    no_podman: tier('/d/', { runtime: 'podman-hpc', image: 'a/b:c' }),
    no_pyxis: tier('/p/', { runtime: 'pyxis', image: 'a/b:c' }),
  })
  await site.startUpdater()
})
afterAll(async () => {
  await site.close()
  await rm(IMAGES, { recursive: true })
})

describe('an engine in an image', () => {
  it('is run by an ordinary user, and serves through nginx', async () => {
    await site.submit('fast', 1)
    const endpoint = await theOne('fast')
    expect(endpoint.models).toContain(FAST_MODEL)
    expect(await send({ model: FAST_MODEL, tokens: 50, stream: true })).toMatchObject({ lost: undefined })
    const stranger = await fetch(`${endpoint.url}/v1/completions`, { method: 'POST', body: '{}' })
    expect(stranger.status).toBe(401)
    const programs = (await inImages()).filter(one => one.argv[0] === PROGRAM)
    expect(programs.length).toBeGreaterThan(1) // the router, and the process of its model
    for (const { uid } of programs) expect(uid).toBe(ACCOUNTS.ai)
  })

  it('gets its environment as it is written, which no list of processes shows', async () => {
    const endpoint = await theOne('fast')
    const inside = (await inImages()).find(one => one.argv[0] === PROGRAM)
    expect(inside?.env).toMatchObject({
      ...{ GGML_NOTE: '$HOME `id`', CUDA_DEVICE_ORDER: 'PCI_BUS_ID', SLUICE_ENDPOINT: endpoint.id },
      CUDA_VISIBLE_DEVICES: expect.stringMatching(/^\d,\d,\d$/),
    })
    expect(Object.keys(inside?.env ?? {}).filter(name => name.startsWith('SLURM_'))).toEqual([])
    const { stdout } = await execa('ps', ['-eo', 'args'])
    expect(stdout).not.toContain('$HOME `id`')
  })

  it('loses no request in a preemption, hands the node over, and comes back', async () => {
    const leaving = await theOne('fast')
    await site.submit('fast', 1)
    await site.serving(2)
    const load = startClients(3, [
      { model: SLOW_MODEL, tokens: 40, stream: true },
      { model: FAST_MODEL, tokens: 100, stream: true },
    ])
    await until('answers', () => load.outcomes.length >= 4, PATIENCE)
    const preemptor = await preempt(leaving.job.node)
    await until('the preemptor to run', async () => (await showJob(preemptor))['JobState'] === 'RUNNING', PATIENCE)
    expect(await findMarked(markerOf(leaving))).toEqual([])
    const drained = (await site.events(replicaOf(leaving.id))).find(one => one.event === 'drained')
    expect(drained).toMatchObject({ outcome: 'idle', cleared: true, connections: 0 })
    await cancel(preemptor)
    const back = await site.serving(2)
    expect(back.map(one => one.id)).toContain(`fast-${leaving.job.id}-1-0`)
    expect(lostOf(await load.stop())).toEqual([])
  })

  it('is started again when it dies', async () => {
    const [victim] = await site.serving(2)
    if (victim === undefined) throw new Error('Cannot find a replica')
    process.kill(engineOf(victim), 'SIGKILL')
    await until('its withdrawal', async () => !(await site.served()).includes(victim.id), PATIENCE)
    expect((await site.serving(2)).map(one => one.id)).toContain(victim.id)
  })

  it('leaves nothing behind when its tier is stopped', async () => {
    const ids = (await site.serving(2)).map(one => one.id)
    await site.sluice('stop', 'fast', '--config', site.configFile)
    await until('the end of its files', async () => (await site.endpoints()).length === 0, PATIENCE)
    await until('nothing', async () => (await inImages()).length === 0, PATIENCE)
    for (const id of ids) expect(await findMarked(`SLUICE_ENDPOINT=${id}`)).toEqual([])
    await until(
      'the end of its scratch space',
      async () => (await Promise.all(ids.map(scratchSpace))).flat().length === 0,
      PATIENCE,
    )
  })
})

describe('an image in one file', () => {
  it('serves, unpacked where the node cannot mount it, into the replica’s own space', async () => {
    await site.submit('packed', 1)
    const endpoint = await theOne('packed')
    expect(endpoint.models).toEqual(['m'])
    const [space = ''] = await scratchSpace(endpoint.id)
    expect(await readdir(join('/tmp', space, 'container'))).toHaveLength(1)
  })

  it('leaves no process and no image when its supervisor is killed -9', async () => {
    const endpoint = await theOne('packed')
    const [space = ''] = await scratchSpace(endpoint.id)
    process.kill(await supervisorOf(endpoint), 'SIGKILL')
    await until('nothing', async () => (await inImages()).length === 0, PATIENCE)
    await until('an empty place', async () => (await readdir(join('/tmp', space, 'container'))).length === 0, PATIENCE)
    // Whoever has cleared it away ends last.
    await until('no process of it', async () => (await findMarked(markerOf(endpoint))).length === 0, PATIENCE)
    await until('its withdrawal', async () => (await site.served('packed')).length === 0, PATIENCE)
    await rm(join(SHARED_DIRECTORY, 'endpoints', `${endpoint.id}.json`)) // which nobody was left to take away
    await rm(join('/tmp', space), { recursive: true })
  })
})

describe('a container that cannot be', () => {
  it('for want of its command says so, and leaves nothing', async () => {
    const [jobId = ''] = await site.submit('no_command', 1)
    const words = /"llama-nobody-has": executable file not found/
    await until('its words', async () => (await messageOf(jobId)).match(words), PATIENCE)
    await cancel(jobId)
    await until('its end', async () => (await showJob(jobId))['JobState'] === 'CANCELLED', PATIENCE)
    await until('nothing', async () => (await inImages()).length === 0, PATIENCE)
  })

  it.each([
    ['no_image', 'Cannot run no_image here: image: "/cluster/images/none.sif" is missing or unreadable'],
    ['no_shifter', 'Cannot run no_shifter here: "shifter" is not an executable on PATH'],
    ['no_podman', 'Cannot run no_podman here: "podman-hpc" is not an executable on PATH'],
    ['no_pyxis', 'Cannot run no_pyxis here: srun has no --container-image: pyxis is not installed here'],
  ])('is found out before it is tried: %s', async (name, words) => {
    const [jobId = ''] = await site.submit(name, 1)
    await until('its words', () => messageOf(jobId), { ...PATIENCE, holds: message => message.startsWith(words) })
  })
})

async function theOne(name: string): Promise<Endpoint> {
  const [endpoint] = await site.serving(1, name)
  if (endpoint === undefined) throw new Error(`Cannot find a replica of ${name}`)
  return endpoint
}

async function messageOf(jobId: string): Promise<string> {
  return (await site.endpoints()).find(one => one.job.id === jobId)?.message ?? ''
}

/** The replica's directory on its node. */
async function scratchSpace(id: string): Promise<string[]> {
  return (await readdir('/tmp')).filter(name => name.startsWith(`sluice-run-${replicaOf(id)}-`))
}

/** Every process that sees the image as its root, or that runs one. */
async function inImages() {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const all = await Promise.all(
    pids.map(async pid => {
      const words = async (file: string) =>
        (await readFile(`/proc/${pid}/${file}`, 'latin1').catch(() => '')).split('\0').slice(0, -1)
      const argv = await words('cmdline')
      const isInside = existsSync(`/proc/${pid}/root${PROGRAM}`) || /^Apptainer runtime/.test(argv[0] ?? '')
      if (!isInside) return []
      const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '')
      const entries = (await words('environ')).map(one => [
        one.slice(0, one.indexOf('=')),
        one.slice(one.indexOf('=') + 1),
      ])
      return [{ pid, argv, uid: Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]), env: Object.fromEntries(entries) }]
    }),
  )
  return all.flat()
}
