import { mkdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inodesTo } from '../../../src/adapters/system/tcp-table.ts'
import { addressOf, type Endpoint, formatEndpoint } from '../../../src/core/domain/endpoint.ts'
import { until } from '../../support/until.ts'
import { ACCOUNTS } from '../cluster/accounts.ts'
import { readCluster } from '../cluster/cluster-state.ts'
import { SHARED_DIRECTORY } from '../cluster/directories.ts'
import { setCable } from '../cluster/network.ts'
import { cancel, preempt, showJob } from '../cluster/slurm-view.ts'
import { lostOf, openAi, underLoad } from '../site/clients.ts'
import { writeAs } from '../site/files-of.ts'
import { printedBy } from '../site/printed-by.ts'
import { supervisorOf } from '../site/replica-processes.ts'
import { GATEWAY_DIRECTORY, nginxPid, openSite, type Site, SLOW_MODEL } from '../site/site.ts'

const PATIENCE = { timeoutMs: 90_000 }
const ENDPOINTS = join(SHARED_DIRECTORY, 'endpoints')
let site: Site

beforeAll(async () => {
  site = await openSite(undefined, { timing: { squeueSeconds: 2, beatSeconds: 1, leaseSeconds: 5 } })
  await site.startUpdater()
  await site.submit('fast', 2)
})
afterAll(() => site.close())

describe('bad endpoint files', () => {
  it('are named once each; nginx reads nothing of them, the routes stay, and no request is lost', async () => {
    const endpoints = await site.serving(2)
    const files = badFiles(endpoints, (await readCluster()).controller.address)
    const expected = files.map(file => file.said).sort()
    const before = await state()
    const earlier = (await site.events('updater-main')).length
    try {
      const outcomes = await underLoad(async () => {
        for (const { name, make } of files) await make(join(ENDPOINTS, name))
        await until('all of them to be named', () => sayings(earlier), {
          ...PATIENCE,
          holds: said => said.length >= files.length,
        })
        const beat = await routesBeat()
        await until('more scans and polls', async () => (await routesBeat()) > beat + 3, PATIENCE)
      })
      expect(await sayings(earlier)).toEqual(expected)
      expect(await state()).toEqual(before)
      const configuration = await readFile(join(GATEWAY_DIRECTORY, 'good/gateway.conf'), 'utf8')
      const servers = new Set([...configuration.matchAll(/^ *server .*; # (\S+)$/gm)].map(([, id]) => id))
      expect([...servers]).toEqual(before.served)
      expect(lostOf(outcomes)).toEqual([])
    } finally {
      for (const { name } of files) await rm(join(ENDPOINTS, name), { recursive: true, force: true })
    }
  })
})

describe('a shared directory that vanishes', () => {
  it('leaves the last routes; a preempted replica drains to its deadline; no request is lost, and the return is recorded', async () => {
    const [leaving, other] = await site.serving(2)
    if (leaving === undefined || other === undefined) throw new Error('Cannot choose a replica: two have to serve')
    const earlier = (await site.events('updater-main')).length
    const away = `${SHARED_DIRECTORY}.away`
    let preemptor = ''
    const outcomes = await underLoad(async load => {
      await rename(SHARED_DIRECTORY, away)
      try {
        const answered = load.outcomes.length
        await until('answers meanwhile', () => load.outcomes.length >= answered + 24, PATIENCE)
        expect(await site.served()).toEqual([leaving.id, other.id])
        preemptor = await preempt(leaving.job.node)
        await until('the preemptor to run', async () => (await showJob(preemptor))['JobState'] === 'RUNNING', PATIENCE)
      } finally {
        await rename(away, SHARED_DIRECTORY)
      }
      await cancel(preemptor)
      const next = `fast-${leaving.job.id}-${leaving.job.restarts + 1}-0`
      await until('its next run', () => site.served(), { ...PATIENCE, holds: ids => ids.includes(next) })
    })
    expect(lostOf(outcomes)).toEqual([])

    const events = (await site.events('updater-main')).slice(earlier)
    for (const what of ['registry', 'routes']) {
      const told = events.filter(one => one['what'] === what)
      expect(told.map(one => one.event)).toEqual(['trouble', 'recovered'])
    }
    // The replica could not write its own events, but what it printed is kept on the node.
    const printed = await readFile(printedBy(`llama-14b-${leaving.job.id}`), 'utf8')
    expect(printed).toMatch(/"event":"drained",[^\n]*"outcome":"deadline","cause":"preempted"/)
    expect(printed.match(/"event":"cannot"/g)?.length).toBeLessThan(6)
    await site.serving(2) // nor could it take its file away: its next run did
  })
})

// Where the kernel keeps an account from tracing its own processes, streams stay silent, which doctor tells.
describe.skipIf(!(await accountsMayTrace()))('a node that vanishes', () => {
  it('has its streams ended by the gateway; those of other nodes are whole, and it serves again when it is back', async () => {
    const serving = await site.serving(2)
    const streams = serving.map(() => openStream())
    await until('both to come', () => streams.every(one => one.received() > 0), PATIENCE)
    const loads = await Promise.all(serving.map(one => connectionsTo(one)))
    expect(loads).toEqual([1, 1]) // nginx sends to whoever has the fewest
    const [victim] = serving
    if (victim === undefined) throw new Error('Cannot choose a replica: two have to serve')
    const supervisor = await supervisorOf(victim)
    await setCable(victim.job.node, 'down')
    process.kill(supervisor, 'SIGSTOP') // the share of a lab is no network: its beats would go on
    try {
      const isBroken = (end: string | undefined) => end !== undefined && end !== 'whole'
      const broken = await until('a stream to break', () => streams.find(one => isBroken(one.end())), PATIENCE)
      expect(broken?.end()).toMatch(/terminated|closed|reset/i)
      expect(await site.served()).toEqual(serving.slice(1).map(one => one.id))
      const whole = streams.find(one => one !== broken)
      expect(await until('the other’s end', () => whole?.end(), PATIENCE)).toBe('whole')
    } finally {
      await setCable(victim.job.node, 'up')
      process.kill(supervisor, 'SIGCONT')
    }
    const ended = (await site.events('updater-main')).filter(one => one.event === 'streams ended')
    expect(ended).toMatchObject([{ ids: [victim.id], connections: 1 }])
    await site.serving(2)
  })
})

/** Not mayTrace(): this is root, and the updater is not. */
async function accountsMayTrace(): Promise<boolean> {
  const scope = await readFile('/proc/sys/kernel/yama/ptrace_scope', 'utf8').catch(() => '0')
  return scope.trim() === '0'
}

const STREAM_TOKENS = 1_000

/** A stream of a quarter of a minute and more, and what became of it. */
function openStream() {
  let received = 0
  let end: string | undefined
  const read = async () => {
    const messages = [{ role: 'user' as const, content: 'hello' }]
    const asked = { model: SLOW_MODEL, max_tokens: STREAM_TOKENS, messages, stream: true } as const
    const answer = await openAi().chat.completions.create(asked)
    for await (const chunk of answer) if (chunk.choices[0]?.delta.content) received += 1
    return received === STREAM_TOKENS ? 'whole' : `${received} of ${STREAM_TOKENS} tokens`
  }
  void read()
    .catch(String)
    .then(words => {
      end = words
    })
  return { received: () => received, end: () => end }
}

async function connectionsTo(endpoint: Endpoint): Promise<number> {
  const at = addressOf(endpoint)
  if (at === undefined) return 0
  return inodesTo(await readFile('/proc/net/tcp', 'latin1'), [at]).size
}

/** A file in endpoints/ that is no endpoint, or none that may be routed. */
interface BadFile {
  readonly name: string
  make(path: string): Promise<unknown>
  /** What the updater says of it. */
  readonly said: string
}

function badFiles([one, other]: readonly Endpoint[], gateway: string): BadFile[] {
  if (one === undefined || other === undefined) throw new Error('Cannot make bad files: two have to serve')
  let jobId = 900_000
  /** An endpoint of its own, as good as the one that it was made from. */
  const sample = (tier = 'fast'): Endpoint => {
    jobId += 1
    return { ...one, tier, id: `${tier}-${jobId}-0-0`, job: { ...one.job, id: String(jobId), restarts: 0 } }
  }
  const file = (message: string, make: (path: string, good: string) => Promise<unknown>, good = sample()): BadFile => {
    const name = `${good.id}.json`
    return { name, make: path => make(path, formatEndpoint(good)), said: `${join(ENDPOINTS, name)}: ${message}` }
  }
  const ours = (message: string, content: (good: string) => string | Buffer): BadFile =>
    file(message, (path, good) => writeAs('ai', path, content(good)))
  const changed = (message: string, change: object): BadFile =>
    ours(message, good => JSON.stringify({ ...JSON.parse(good), ...change }))
  const notRouted = (reason: string, change: object, good = sample()): BadFile => ({
    name: `${good.id}.json`,
    make: path => writeAs('ai', path, JSON.stringify({ ...good, ...change })),
    said: `${good.id}: Not routed: ${reason}`,
  })
  const [address, otherAddress] = [one, other].map(endpoint => addressOf(endpoint)?.address)
  const newline = 'fast-1\n} server {-0-0.json'
  return [
    ours('Not JSON (torn, or not an endpoint file)', good => good.slice(0, 200)),
    ours('Empty file', () => ''),
    ours('Not JSON (torn, or not an endpoint file)', () => Buffer.from('\0\x01\xff\xfe{}'.repeat(500), 'latin1')),
    ours('1048576 bytes, more than the 65536 that such a file may have', good => good.padEnd(1024 ** 2)),
    file(`Owned by uid ${ACCOUNTS.vasp}, not by ours (${ACCOUNTS.ai})`, (path, good) => writeAs('vasp', path, good)),
    file('A symbolic link', async (path, good) => {
      const target = join(SHARED_DIRECTORY, 'logs/target.json')
      await writeAs('ai', target, good)
      await symlink(target, path)
    }),
    file('Not a regular file', path => execa('mkfifo', ['--mode=0666', path])),
    file('Not a regular file', path => mkdir(path)),
    {
      name: newline,
      make: path => writeAs('ai', path, '{}'),
      said: `${join(ENDPOINTS, newline)}: Not the name of an endpoint file; must be tier-job-restarts-index.json`,
    },
    changed('url: must be http://IPv4:port', { url: 'http://127.0.0.1:80; } server {' }),
    changed('job.name: Invalid string: must match pattern /^[^\\p{Cc}\\p{Cs}\\u2028\\u2029]*$/u', {
      job: { ...one.job, name: 'a\n} server { listen 9;' },
    }),
    changed('Version 2 is newer than this sluice understands (1); update it here', { version: 2 }),
    changed(`The file's name and its fields disagree: id "${one.id}", fields give "${one.id}"`, one),
    notRouted(`Address ${gateway}:8080 is the gateway's own`, { url: `http://${gateway}:8080` }),
    notRouted('Address 10.88.0.1 lies outside gateway.networks', { url: 'http://10.88.0.1:8080' }),
    notRouted('Address 127.0.0.1 lies outside gateway.networks', { url: 'http://127.0.0.1:8080' }),
    notRouted(`Address ${otherAddress} is not one of node "${one.job.node}" (${address})`, { url: other.url }),
    notRouted('Port 1023 is not one of 1024 to 65535', { url: `http://${address}:1023` }),
    notRouted('Tier "nobody" is not configured', {}, sample('nobody')),
  ]
}

/** What the updater has said since of files and of endpoints, in no order. */
async function sayings(earlier: number): Promise<string[]> {
  const events = (await site.events('updater-main')).slice(earlier)
  return events
    .flatMap(({ event, message, id, standing }) =>
      event === 'bad file' ? [String(message)] : event === 'standing' ? [`${id}: ${standing}`] : [],
    )
    .sort()
}

async function routesBeat(): Promise<number> {
  return JSON.parse(await readFile(join(SHARED_DIRECTORY, 'routes/main.json'), 'utf8')).beat
}

async function state() {
  return { generation: await site.generation(), master: nginxPid(), served: await site.served() }
}
