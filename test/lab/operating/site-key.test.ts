import { chmod, chown, readdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'
import { until } from '../../support/until.ts'
import { SHARED_DIRECTORY } from '../cluster/directories.ts'
import { lostOf, send } from '../site/clients.ts'
import { FAST_MODEL, GATEWAY, GATEWAY_DIRECTORY, openSite, type Site, SLOW_MODEL } from '../site/site.ts'

const PATIENCE = { timeoutMs: 60_000 }
const KEY_FILE = join(SHARED_DIRECTORY, 'site.key')
let site: Site

beforeAll(async () => {
  site = await openSite()
  await site.startUpdater()
})
afterAll(() => site.close())

describe('site.key', () => {
  it('is made by who comes first, for the account alone', async () => {
    await site.submit('fast', 1)
    const [{ job }] = (await site.serving(1)) as [Endpoint]
    const { mode, uid } = await stat(KEY_FILE)
    expect([mode & 0o777, uid]).toEqual([0o600, (await stat(SHARED_DIRECTORY)).uid])
    expect(await keyNow()).toMatch(/^[0-9a-f]{64}$/)
    expect(job.restarts).toBe(0)
  })

  it('is what engines ask of whoever comes, and what nginx and our own questions carry', async () => {
    const [{ url }] = (await site.serving(1)) as [Endpoint]
    const direct = (headers: Record<string, string>) => ask(`${url}/v1/chat/completions`, headers)
    expect(await direct({})).toBe(401)
    expect(await direct({ authorization: 'Bearer client' })).toBe(401)
    expect(await direct({ authorization: `Bearer ${await keyNow()}` })).toBe(200)
    expect(await ask(`${GATEWAY}/v1/chat/completions`, { authorization: 'Bearer client' })).toBe(200)
    // The router passes requests on to a process for each model, which asks for the key too.
    expect(await send({ model: SLOW_MODEL, tokens: 5, stream: true })).toMatchObject({ lost: undefined })
    expect((await fetch(`${url}/health`)).status).toBe(200)
  })

  it('stands in no argv, endpoint file, event, log or rendered file, and is not printed', async () => {
    const [{ url, job }] = (await site.serving(1)) as [Endpoint]
    const key = await keyNow()
    const argv = await Promise.all(
      (await processes()).map(pid => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
    )
    expect(argv.filter(text => text.includes('llama-server')).length).toBeGreaterThan(1)
    expect(argv.filter(text => text.includes(key))).toEqual([])
    // What the router says of its models has their arguments.
    const models = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })
    expect(await models.text()).not.toContain(key)
    const { stdout } = await site.sluice('status', '--json', '--config', site.configFile)
    expect(String(stdout)).toContain(job.id)
    expect([String(stdout), await site.updaterSaid()].filter(text => text.includes(key))).toEqual([])
    const holders = await filesWith(key, SHARED_DIRECTORY, GATEWAY_DIRECTORY)
    for (const file of holders) expect((await stat(file)).mode & 0o077).toBe(0)
    expect(holders.map(file => file.replace(/\d+\/keys.conf$/, 'N/keys.conf')).filter(isFirst)).toEqual([
      expect.stringMatching(/\/keys\/[0-9a-f]{16}$/),
      KEY_FILE,
      join(GATEWAY_DIRECTORY, 'generations/N/keys.conf'),
    ])
  })

  it('is found to be readable by others by `sluice doctor`', async () => {
    await chmod(KEY_FILE, 0o644)
    const { stdout } = await site.sluice('doctor', '--json', '--config', site.configFile).catch(error => error)
    await chmod(KEY_FILE, 0o600)
    expect(JSON.parse(stdout).findings).toContainEqual(
      expect.objectContaining({ id: 'shared.key', level: 'problem', fix: `chmod 600 ${KEY_FILE}` }),
    )
  })

  it('may be replaced: engines that run keep the old one, later ones have the new, and nginx serves both', async () => {
    const [first] = (await site.serving(1)) as [Endpoint]
    const old = await keyNow()
    await replaceKey('n'.repeat(64))
    await site.submit('fast', 1)
    const both = await site.serving(2)
    const second = both.find(one => one.id !== first.id)
    expect(await ask(`${first.url}/v1/chat/completions`, { authorization: `Bearer ${old}` })).toBe(200)
    expect(await ask(`${second?.url}/v1/chat/completions`, { authorization: `Bearer ${old}` })).toBe(401)
    expect(await ask(`${second?.url}/v1/chat/completions`, { authorization: `Bearer ${'n'.repeat(64)}` })).toBe(200)
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => send({ model: FAST_MODEL, tokens: 5, stream: false })),
    )
    expect(lostOf(answers)).toEqual([])
    await site.sluice('drain', first.id, '--config', site.configFile)
    expect((await site.serving(1)).map(one => one.id)).toEqual([second?.id])
    expect(await send({ model: FAST_MODEL, tokens: 5, stream: false })).toMatchObject({ lost: undefined })
  })

  it('that cannot be read changes nothing: an engine that starts again keeps the one it had', async () => {
    const [{ id, job, processes: running }] = (await site.serving(1)) as [Endpoint]
    const key = await keyNow()
    await replaceKey('')
    try {
      process.kill(running[0]?.pid ?? 0, 'SIGKILL')
      await until(
        'a new engine',
        async () => (await site.endpoints())[0]?.processes[0]?.pid !== running[0]?.pid,
        PATIENCE,
      )
      const [again] = (await site.serving(1)) as [Endpoint]
      expect(again.id).toBe(id)
      expect(await ask(`${again.url}/v1/chat/completions`, { authorization: `Bearer ${key}` })).toBe(200)
      expect(await ask(`${GATEWAY}/v1/chat/completions`, {})).toBe(200)
      const troubles = (await site.events(`fast-${job.id}-0`)).filter(one => one.event === 'trouble')
      expect(troubles).toMatchObject([{ what: 'site.key', message: expect.stringContaining('the last key stays') }])
    } finally {
      await replaceKey(key)
    }
  })
})

async function keyNow(): Promise<string> {
  return (await readFile(KEY_FILE, 'utf8')).trim()
}

/** As an operator does: beside its place, then renamed. */
async function replaceKey(key: string): Promise<void> {
  const { uid, gid } = await stat(SHARED_DIRECTORY)
  const beside = `${KEY_FILE}.new`
  await writeFile(beside, `${key}\n`, { mode: 0o600 })
  await chown(beside, uid, gid)
  await rename(beside, KEY_FILE)
}

async function ask(url: string, headers: Record<string, string>): Promise<number> {
  const body = JSON.stringify({ model: FAST_MODEL, max_tokens: 2, messages: [{ role: 'user', content: 'x' }] })
  const answer = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
  await answer.text()
  return answer.status
}

async function processes(): Promise<string[]> {
  return (await readdir('/proc')).filter(name => /^\d+$/.test(name))
}

async function filesWith(text: string, ...directories: string[]): Promise<string[]> {
  const found: string[] = []
  for (const directory of directories) {
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (entry.isFile() && (await readFile(path, 'latin1').catch(() => '')).includes(text))
        found.push(await realpath(path))
    }
  }
  return [...new Set(found)].sort()
}

function isFirst(value: string, index: number, all: readonly string[]): boolean {
  return all.indexOf(value) === index
}
