import { glob, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { describe, expect, it, onTestFinished } from 'vitest'
import { until } from '../../support/until.ts'
import { MODELS_DIRECTORY } from '../cluster/directories.ts'
import { openAi } from '../site/clients.ts'
import { FAST_MODEL, SLOW_MODEL } from '../site/site.ts'
import { BUNDLE, configIn, makePlace, startUp } from '../site/up-process.ts'

const MODEL_FILE = join(MODELS_DIRECTORY, `${FAST_MODEL}.gguf`)
const NOTHING = { timeoutMs: 30_000, holds: (left: readonly string[]) => left.length === 0 }
/** One that is unwell for 30 s is restarted where others stand in for it. */
const GARBAGE_MS = 31_000
const ALL_SAID = 'Ctrl-C ends all of them'
const IS_DEMO = "This is Sluice's demo engine, not a language model"

/** Without its directory, llama-server is not there. */
const WITHOUT_LLAMA = { PATH: '/usr/local/bin:/bin-without-llama' }

/** What an engine answers who comes past the gateway: at its health, and at the rest of it. */
async function pastTheGateway(shared: string): Promise<number[]> {
  for await (const file of glob(join(shared, 'endpoints/*.json'))) {
    const { url, state } = JSON.parse(await readFile(file, 'utf8'))
    if (state !== 'ready') continue
    const ask = (path: string, method: string) => fetch(url + path, { method, body: method === 'POST' ? '{}' : null })
    return [(await ask('/health', 'GET')).status, (await ask('/v1/chat/completions', 'POST')).status]
  }
  throw new Error(`Cannot find a ready endpoint in ${shared}`)
}

const pidIn = (line: string, what: string) => Number(new RegExp(`${what}pid (\\d+)`).exec(line)?.[1])

describe('without a configuration', () => {
  it('answers with the demo engine, plain and streamed, and leaves nothing after Ctrl-C', async () => {
    const place = await makePlace()
    const up = startUp(place, [], WITHOUT_LLAMA)
    await up.said(ALL_SAID)
    expect(up.lines[0]).toBe("demo: there is no llama-server on PATH, so Sluice's demo engine answers in its place")
    const { chat, completions, models } = openAi('http://127.0.0.1:8080/v1')
    const messages = [{ role: 'user' as const, content: 'hello' }]
    const plain = await chat.completions.create({ model: 'demo', messages })
    expect(plain.choices[0]?.message.content).toMatch(IS_DEMO)
    let streamed = ''
    for await (const chunk of await chat.completions.create({ model: 'demo', messages, stream: true })) {
      streamed += chunk.choices[0]?.delta.content ?? ''
    }
    expect(streamed).toBe(plain.choices[0]?.message.content)
    expect((await completions.create({ model: 'demo', prompt: 'hello' })).choices[0]?.text).toBe(streamed)
    expect((await models.list()).data.map(model => model.id)).toEqual(['demo'])

    expect(await pastTheGateway(join(place, 'tmp/sluice-up-*/shared'))).toEqual([200, 401])

    // On loopback alone, and its row says so.
    expect(up.lines.find(line => line.startsWith('  nginx '))).toContain(
      'http://127.0.0.1:8080/ and on no other address',
    )
    await expect(fetch('http://127.0.0.2:8080/v1/models')).rejects.toThrow('fetch failed')

    // The curl line that was printed is one that works.
    const curl = up.lines.find(line => line.startsWith('  curl '))
    expect((await execa('sh', ['-c', `${curl} -s`])).stdout).toContain(IS_DEMO)

    expect((await up.left()).length).toBeGreaterThan(5)
    up.signal('SIGINT')
    expect(await up.ended).toBe(0)
    expect(await up.left()).toEqual([])
  })

  it('is found by the commands that look at a site and change it, which ask nothing of a Slurm', async () => {
    const place = await makePlace()
    const up = startUp(place, [], WITHOUT_LLAMA)
    await up.said(ALL_SAID)
    const sluice = async (...argv: string[]) => {
      const env = { TMPDIR: join(place, 'tmp'), PATH: '/usr/local/bin:/usr/sbin' }
      const { exitCode, all } = await execa(process.execPath, [BUNDLE, ...argv], {
        cwd: '/',
        env,
        all: true,
        reject: false,
      })
      return { code: exitCode, text: all }
    }
    const before = await sluice('status')
    expect(before.text).toContain('demo (/): 0 pending, 1 running, 1 ready, 0 draining')
    expect(before.text).not.toMatch(/unknown|squeue/)
    const doctor = await sluice('doctor')
    expect(doctor).toMatchObject({ code: 0, text: expect.stringContaining('127.0.0.1:8080 is held by our nginx') })
    expect((await sluice('logs', 'demo', '--json')).text).toContain('"event":"ready"')
    expect((await sluice('explain', 'demo')).text).toContain('its engine serves since')

    const id = /demo-(\d+)-0-0/.exec(before.text)?.[1] ?? ''
    expect(await sluice('drain', id, '--requeue')).toMatchObject({ code: 0, text: expect.stringContaining(': gone') })
    await up.said('demo: leaving: an operator asked for it; it will be restarted')
    const ready = { timeoutMs: 30_000, holds: (text: string) => text.includes(' 1 ready') && !text.includes(id) }
    await until('another replica', async () => (await sluice('status')).text, ready)
    expect((await sluice('stop', 'demo')).code).toBe(0)
    await up.said('demo: leaving: an operator asked for it; this sluice up will not restart it')
    expect((await sluice('status')).text).toContain('0 running, 0 ready')
    up.signal('SIGINT')
    expect(await up.ended).toBe(0)
    expect(await up.left()).toEqual([])
    expect(await sluice('status')).toMatchObject({
      code: 2,
      text: expect.stringContaining('Cannot find a configuration'),
    })
  })

  it('says that a llama-server without a model is not used', async () => {
    const up = startUp(await makePlace(), ['--once'])
    expect(await up.ended).toBe(0)
    expect(up.lines[0]).toContain('llama-server is there, but no model for it')
    expect(up.lines.join('\n')).toContain(IS_DEMO)
    expect(await up.left()).toEqual([])
  })

  it('serves no demo under the name of a model that no llama-server is there for', async () => {
    const up = startUp(await makePlace(), ['--model', MODEL_FILE], WITHOUT_LLAMA)
    expect(await up.ended).toBe(2)
    expect(up.lines).toEqual([
      expect.stringMatching(/^Cannot serve ".*": there is no llama-server on PATH; put llama\.cpp/),
    ])
    expect(await up.left()).toEqual([])
  })

  it('serves a model with the real llama-server, and with --once ends after its answer', async () => {
    const up = startUp(await makePlace(), ['--model', MODEL_FILE, '--once'])
    expect(await up.ended).toBe(0)
    expect(up.lines.find(line => line.includes('  200 after '))).not.toContain(IS_DEMO)
    expect(up.lines.join('\n')).toContain(`"model":"${FAST_MODEL}"`)
    expect(up.lines.join('\n')).toContain('(llama.cpp)')
    expect(await up.left()).toEqual([])
  })

  it('takes the next port when the first is in use', async () => {
    const other = createServer().listen(8080, '0.0.0.0')
    const up = startUp(await makePlace(), ['--once'])
    expect(await up.ended).toBe(0)
    expect(up.lines[0]).toBe('Port 8080 is in use: the gateway listens on 8081')
    expect(up.lines).toContain('demo: one engine answers at http://127.0.0.1:8081/')
    other.close()
  })
})

describe('with a configuration', () => {
  const tiers = {
    fast: { engine: 'llama.cpp', path: '/', model: { name: 'm', file: MODEL_FILE }, args: { threads: 1 } },
    broken: { engine: 'llama.cpp', path: '/broken/', command: '/opt/none', model: { name: 'm', file: MODEL_FILE } },
    gone: { engine: 'llama.cpp', path: '/gone/', model: { name: 'm', file: '/nobody-has-this.gguf' } },
  }
  const write = async (place: string, listen: number) => {
    const file = join(place, 'sluice.yaml')
    await writeFile(file, configIn(place, { listen, tiers }))
    return file
  }

  it('serves the tiers that can be, and says of the others why not', async () => {
    const place = await makePlace()
    const up = startUp(place, ['--config', await write(place, 8085)])
    await up.said(ALL_SAID)
    await up.said('broken: Cannot run broken here: "/opt/none" is not an executable')
    await up.said('gone: Cannot run gone here: model m: "/nobody-has-this.gguf" is missing or unreadable')
    expect((await fetch('http://127.0.0.1:8085/health')).status).toBe(200)
    expect((await fetch('http://127.0.0.1:8085/broken/health')).status).toBe(503)
    expect(await pastTheGateway(join(place, 'shared'))).toEqual([200, 401])
    up.signal('SIGTERM')
    expect(await up.ended).toBe(0)
    expect(await up.left()).toEqual([])
  })

  it('refuses a port that somebody else holds', async () => {
    const place = await makePlace()
    const other = createServer().listen(8085, '0.0.0.0')
    const up = startUp(place, ['--config', await write(place, 8085)])
    expect(await up.ended).toBe(2)
    expect(up.lines.at(-1)).toBe(
      'Cannot open port 8085: another process listens on it; end that process or choose another port (gateway.listen, gatewayPort)',
    )
    expect(await up.left()).toEqual([])
    other.close()
  })

  it('leaves nothing when it is killed, and the next one serves again', async () => {
    const place = await makePlace()
    const config = await write(place, 8085)
    const killed = startUp(place, ['--config', config])
    await killed.said(ALL_SAID)
    killed.signal('SIGKILL')
    await killed.ended
    const next = startUp(place, ['--config', config])
    await next.said(ALL_SAID)
    expect((await fetch('http://127.0.0.1:8085/health')).status).toBe(200)
    next.signal('SIGINT')
    expect(await next.ended).toBe(0)
    await until('nothing to be left', next.left, NOTHING)
  })
})

describe('ends', () => {
  it('of a supervisor: the engine goes with it, and another one serves', async () => {
    const up = startUp(await makePlace(), [])
    await up.said(ALL_SAID)
    const row = up.lines.find(line => line.startsWith('  demo ')) ?? ''
    process.kill(pidIn(row, 'its supervisor, '), 'SIGKILL')
    await up.said('demo: its supervisor was ended by SIGKILL; the next one starts in 1 s')
    await until('the demo to answer again', async () => (await fetch('http://127.0.0.1:8080/health')).ok, {
      timeoutMs: 30_000,
    })
    up.signal('SIGINT')
    expect(await up.ended).toBe(0)
    expect(await up.left()).toEqual([])
  })

  it('of an engine: it is started again', async () => {
    const up = startUp(await makePlace(), [])
    await up.said(ALL_SAID)
    const row = up.lines.find(line => line.startsWith('  demo ')) ?? ''
    process.kill(pidIn(row, '\\(demo\\), '), 'SIGKILL')
    await up.said('demo: the engine ended: Killed by SIGKILL')
    await until('the demo to answer again', async () => (await fetch('http://127.0.0.1:8080/health')).ok, {
      timeoutMs: 30_000,
    })
    up.signal('SIGTERM')
    expect(await up.ended).toBe(0)
    expect(await up.left()).toEqual([])
  })

  it('of nginx: it is started again', async () => {
    const up = startUp(await makePlace(), [])
    await up.said(ALL_SAID)
    const row = up.lines.find(line => line.startsWith('  nginx ')) ?? ''
    process.kill(pidIn(row, ''), 'SIGKILL')
    await until('the workers of a killed nginx to be replaced', async () => (await up.left()).some(isMaster), {
      timeoutMs: 30_000,
    })
    up.signal('SIGINT')
    expect(await up.ended).toBe(0)
    expect(await up.left()).toEqual([])
  })

  it('by kill -9: supervisors, engines, nginx and files go by themselves', async () => {
    const up = startUp(await makePlace(), [])
    await up.said(ALL_SAID)
    up.signal('SIGKILL')
    expect(await up.ended).toBe('SIGKILL')
    await until('nothing to be left', up.left, NOTHING)
  })

  it('while it still starts', async () => {
    const up = startUp(await makePlace(), [])
    await until('its first line', () => up.lines.length > 0, { timeoutMs: 10_000, intervalMs: 5 })
    up.signal('SIGINT')
    expect(await up.ended).toBe(0)
    expect(await up.left()).toEqual([])
  })

  it('lets a running answer end', async () => {
    const up = startUp(await makePlace(), [], WITHOUT_LLAMA)
    await up.said(ALL_SAID)
    const answer = await openStream(8080, 1_000)
    up.signal('SIGINT')
    await up.said('Ending: running requests get up to 25 s')
    expect(await answer.text()).toMatch(/data: \[DONE\]\s*$/)
    expect(await up.ended).toBe(0)
    expect(await up.left()).toEqual([])
  })

  it('at once after a second Ctrl-C', async () => {
    const place = await makePlace()
    const model = { name: 'slow', file: join(MODELS_DIRECTORY, `${SLOW_MODEL}.gguf`) }
    const tiers = { slow: { engine: 'llama.cpp', path: '/', model, args: { threads: 1 } } }
    await writeFile(join(place, 'sluice.yaml'), configIn(place, { listen: 8085, tiers }))
    const up = startUp(place, []) // finds it where it is started
    await up.said(ALL_SAID)
    const answer = await openStream(8085, 5_000)
    up.signal('SIGINT')
    await up.said('Ending: running requests get up to 25 s')
    up.signal('SIGINT') // as npm repeats it; this one is the first again
    const firstAt = performance.now()
    await until('a second Ctrl-C to count', () => performance.now() - firstAt > 1_500, { timeoutMs: 5_000 })
    up.signal('SIGINT')
    expect(await up.ended).toBe(0)
    expect(performance.now() - firstAt).toBeLessThan(8_000)
    await expect(answer.text()).rejects.toThrow('terminated')
    expect(await up.left()).toEqual([])
  })
})

function openStream(port: number, tokens: number): Promise<Response> {
  const content = 'hello '.repeat(100)
  return fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ messages: [{ role: 'user', content }], max_tokens: tokens, stream: true }),
  })
}

function isMaster(line: string): boolean {
  return line.includes('nginx: master')
}

describe('two engines that both answer garbage', () => {
  const ENGINE = `
    const [switched, address, port] = process.argv.slice(2)
    require('node:net').createServer(socket => {
      socket.on('error', () => undefined).once('data', () => {
        const isBroken = require('node:fs').existsSync(switched)
        const body = JSON.stringify({ port })
        socket.end(isBroken ? 'garbage' : 'HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: ' + body.length + '\\r\\n\\r\\n' + body)
      })
    }).listen(Number(port), address)`

  it('for longer than an unwell one is borne both serve soon after they are well again', async () => {
    const place = await makePlace()
    const [program, switched, config] = ['engine.cjs', 'broken', 'sluice.yaml'].map(name => join(place, name))
    await writeFile(program ?? '', ENGINE)
    const args = [program, switched, '{address}', '{port}']
    const fast = {
      ...{ engine: 'custom', command: process.execPath, path: '/', replicas: 2, allowPaths: ['/x'] },
      custom: { args, healthPath: '/health', serves: ['chat'] },
      model: { name: 'm', file: program },
    }
    await writeFile(config ?? '', configIn(place, { listen: 8086, tiers: { fast } }))
    const up = startUp(place, ['--config', config ?? ''])
    onTestFinished(() => up.signal('SIGKILL'))
    // nginx passes on what is not HTTP as it came.
    const portOf = (): Promise<string | undefined> =>
      fetch('http://127.0.0.1:8086/x', { method: 'POST', body: '{}' })
        .then(async answer => (answer.ok ? JSON.parse(await answer.text()).port : undefined))
        .catch(() => undefined)
    const ports = async () => new Set((await Promise.all(Array.from({ length: 8 }, portOf))).filter(Boolean))
    const both = { timeoutMs: 60_000, holds: (seen: Set<unknown>) => seen.size === 2 }
    const before = await until('both to serve', ports, both)

    await writeFile(switched ?? '', '')
    const unwell = async () => {
      const said: boolean[] = []
      for await (const file of glob(join(place, 'shared/endpoints/*.json')))
        said.push(JSON.parse(await readFile(file, 'utf8')).unwell === true)
      return said
    }
    await until('both to be unwell', unwell, { timeoutMs: 60_000, holds: said => String(said) === 'true,true' })
    const wellAgainAt = performance.now() + GARBAGE_MS
    while (performance.now() < wellAgainAt) {
      expect(await ports()).toEqual(new Set())
      await sleep(200)
    }
    await rm(switched ?? '')
    const after = await until('both to serve again', ports, both)
    expect(after).toEqual(before)
    up.signal('SIGTERM')
    expect(await up.ended).toBe(0)
  })
})
