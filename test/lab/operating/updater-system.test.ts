import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { identify } from '../../../src/adapters/system/processes.ts'
import type { GatewayModel } from '../../../src/core/domain/gateway-model.ts'
import { until } from '../../support/until.ts'
import { ACCOUNTS } from '../cluster/accounts.ts'
import { asUser } from '../cluster/as-user.ts'
import { RUNTIME_DIRECTORY, SHARED_DIRECTORY } from '../cluster/directories.ts'
import { CONF_D, type SystemNginx, startSystemNginx } from '../gateway/lab-system.ts'
import { lostOf, send, startClients } from '../site/clients.ts'
import { FAST_MODEL, FAST_TIER, GATEWAY, openSite, type Site } from '../site/site.ts'

const PATIENCE = { timeoutMs: 60_000 }
const ROOTS_SLUICE = '/opt/sluice'
const STATE = '/var/lib/sluice/beefcake2/main/system'
const gateway = { nginx: 'system', reload: 'nginx -s reload', listen: 8080, networks: ['10.77.0.0/24'] }
const answer = { model: FAST_MODEL, tokens: 20, stream: true }
let site: Site
let nginx: SystemNginx
let updater: ChildProcess | undefined

beforeAll(async () => {
  nginx = await startSystemNginx()
  site = await openSite({ fast: FAST_TIER }, { gateway })
  const bundle = join(import.meta.dirname, '../../../dist/sluice.cjs')
  await execa(process.execPath, [bundle, 'install', '--to', ROOTS_SLUICE])
})
afterEach(() => stopUpdater('SIGTERM'))
afterAll(async () => {
  await site.close()
  await nginx.remove()
})

/** As root's unit does. */
async function startUpdater(): Promise<{ root: number; child: number }> {
  const argv = ['updater', '--config', site.configFile]
  const started = spawn(join(ROOTS_SLUICE, 'current/sluice'), argv, { cwd: '/', stdio: ['ignore', 'inherit', 'pipe'] })
  updater = started
  let log = ''
  started.stderr?.on('data', text => {
    log += text
  })
  await until('the updater to start', () => log, { ...PATIENCE, holds: text => text.includes('"updater started"') })
  return { root: started.pid ?? 0, child: JSON.parse(/^.*"updater started".*$/m.exec(log)?.[0] ?? '{}').pid }
}

async function stopUpdater(signal: NodeJS.Signals): Promise<void> {
  if (updater === undefined || updater.exitCode !== null || updater.signalCode !== null) return
  const ended = once(updater, 'exit')
  updater.kill(signal)
  await ended
}

/** Of the last generation that nginx was seen to run. */
const served = (count: number) =>
  until(
    `${count} engines to be served`,
    async () => {
      const model: GatewayModel = JSON.parse(await readFile(join(STATE, 'good/model.json'), 'utf8'))
      return model.tiers.flatMap(tier => tier.servers).length
    },
    { ...PATIENCE, holds: found => found === count },
  )

it('serves a tier: root installs the file, the account does all else', async () => {
  const { root, child } = await startUpdater()
  const [job] = await site.submit('fast', 2)
  await served(2)
  expect(await send(answer)).toMatchObject({ lost: undefined })
  expect(await uidsOf(root)).toEqual(new Set([0]))
  expect(await uidsOf(child)).toEqual(new Set([ACCOUNTS.ai]))
  expect(await readFile(`/proc/${child}/status`, 'utf8')).toMatch(/^Groups:\s*$/m)
  for (const file of ['routes/main.json', 'events/updater-main.jsonl', 'endpoints', 'beats']) {
    expect((await stat(join(SHARED_DIRECTORY, file))).uid).toBe(ACCOUNTS.ai)
  }
  expect((await stat(join(CONF_D, 'sluice-main.conf'))).uid).toBe(0)
  await expect(asUser('ai', ['ls', STATE])).rejects.toThrow('Permission denied')

  const load = startClients(4, [answer])
  await until('answers', () => load.outcomes.length >= 12, PATIENCE)
  await site.sluice('drain', String(job), '--config', site.configFile)
  await served(1)
  const wanted = load.outcomes.length + 12
  await until('answers', () => load.outcomes.length >= wanted, PATIENCE)
  expect(lostOf(await load.stop())).toEqual([])
  const events = await site.events(`fast-${job}-0`)
  expect(events.find(one => one.event === 'drained')).toMatchObject({ outcome: 'idle', cleared: true })
  expect(await (await fetch(`http://127.0.0.1:${nginx.otherPort}`)).text()).toBe('other')
  await site.sluice('stop', 'fast', '--config', site.configFile)
  await served(0)
})

it('ends with its root, also when that is killed, and the next one goes on', async () => {
  const first = await startUpdater()
  const child = await identify(first.child)
  if (child === undefined) throw new Error('Cannot find the updater')
  await stopUpdater('SIGKILL')
  await until('the child to end', async () => (await identify(child.pid))?.startTime !== child.startTime, PATIENCE)
  expect((await fetch(`${GATEWAY}/v1/models`)).status).toBe(503)
  const second = await startUpdater()
  process.kill(second.child, 'SIGKILL')
  const [code] = await once(updater ?? process, 'exit')
  expect(code).toBe(1)
  await startUpdater()
  await stopUpdater('SIGTERM')
  expect(updater?.exitCode).toBe(0)
})

it('takes a new sluice.yaml at SIGHUP', async () => {
  await startUpdater()
  const text = await readFile(site.configFile, 'utf8')
  await writeFile(site.configFile, text.replace('path: /\n', 'path: /\n    gatewayPort: 8099\n'))
  updater?.kill('SIGHUP')
  const status = async () => (await fetch('http://127.0.0.1:8099/v1/models').catch(() => undefined))?.status
  await until('the new port', status, { ...PATIENCE, holds: found => found === 503 })
  await writeFile(site.configFile, text)
  updater?.kill('SIGHUP')
  await until('the old ports', status, { ...PATIENCE, holds: found => found === undefined })
})

it('is refused where others could be root through it', async () => {
  const asRoot = (program: string, file = site.configFile) =>
    execa(program, ['updater', '--config', file], { reject: false })
  const fromAccount = await asRoot(join(RUNTIME_DIRECTORY, 'current/sluice'))
  expect([fromAccount.exitCode, fromAccount.stderr]).toEqual([
    2,
    expect.stringMatching(
      /^Cannot drive the system's nginx: uid 2001 may write "\/cluster\/shared\/sluice\S*", and an account that may write a file that root reads or runs can become root; .*sluice install --to \/opt\/sluice$/,
    ),
  ])
  const program = join(ROOTS_SLUICE, 'current/sluice')
  const file = '/etc/sluice-lab.yaml'
  await writeFile(
    file,
    stringify({ ...parse(await readFile(site.configFile, 'utf8')), gateway: { ...gateway, name: 'other' } }),
  )
  for (const [harm, words] of [
    [() => chmod(file, 0o666), `everybody may write "${file}"`],
    [() => chmod(file, 0o664).then(() => chown(file, 0, ACCOUNTS.ai)), `group 2001 may write "${file}"`],
    [() => chown(file, ACCOUNTS.ai, 0), `uid 2001 may write "${file}"`],
  ] as const) {
    await harm()
    const refused = await asRoot(program, file)
    expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining(words)])
  }
  const asAccount = await asUser('ai', [program, 'updater', '--config', site.configFile], { reject: false })
  expect([asAccount.exitCode, asAccount.stderr]).toEqual([
    2,
    expect.stringContaining(
      "Cannot drive the system's nginx as ai (uid 2001): every account that can write a file that root's nginx includes is root; start the updater as root",
    ),
  ])
})

async function uidsOf(pid: number): Promise<Set<number>> {
  const found = /^Uid:\s+(.*)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1] ?? ''
  return new Set(found.split('\t').map(Number))
}
