import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { stringify } from 'yaml'
import { findNginx } from '../../../src/adapters/gateway/nginx/nginx-processes.ts'
import { takesConnection } from '../../../src/adapters/system/network.ts'
import { holdLock } from '../../../src/adapters/system/process-lock.ts'
import { gatewayStop } from '../../../src/commands/gateway-stop.ts'
import { recordedContext } from '../../support/recorded-context.ts'
import { ask } from './ask.ts'
import { labEngine, labTier, startLabGateway } from './lab-gateway.ts'

it('running answers end, then nobody listens, and no replica waits for this gateway', async () => {
  const { lab, config, routes, engine, answer } = await serving()
  const running = ask({ port: lab.port, path: '/v1/x', body: '{}' })
  await expect.poll(() => engine.received.length).toBe(1)
  const context = recordedContext()
  const stopping = gatewayStop({ config, within: '60' }, context)
  await expect.poll(() => takesConnection('127.0.0.1', lab.port, 2_000)).toBe(false)
  expect(existsSync(routes)).toBe(true)
  answer.resolve()
  expect((await running).text).toBe('whole')
  await stopping
  expect(context.printed).toEqual([
    expect.stringMatching(
      /^Stopping nginx of gateway "state" \(pid \d+\): no new connections, running answers have 60 s/,
    ),
    'Stopped: every answer had ended',
  ])
  expect([findNginx(lab.directory), existsSync(routes)]).toEqual([[], false])
  await gatewayStop({ config, within: '60' }, context)
  expect(context.printed.at(-1)).toMatch(/^No nginx of gateway "state" runs in /)
})

it('running answers are cut where they may be', async () => {
  const { lab, config, engine } = await serving()
  const running = ask({ port: lab.port, path: '/v1/x', body: '{}' }).catch(error => error.code)
  await expect.poll(() => engine.received.length).toBe(1)
  const context = recordedContext()
  await gatewayStop({ config, within: '60', now: true }, context)
  expect(await running).toBe('ECONNRESET')
  expect(context.printed.at(-1)).toBe('Stopped: answers that had not ended were cut')
  expect(findNginx(lab.directory)).toEqual([])
})

it('whoever stops watching leaves it to end by itself', async () => {
  const { lab, config, engine, answer } = await serving()
  const running = ask({ port: lab.port, path: '/v1/x', body: '{}' })
  await expect.poll(() => engine.received.length).toBe(1)
  const interrupted = new AbortController()
  const stopping = gatewayStop({ config, within: '60' }, recordedContext({ signal: interrupted.signal }))
  await expect.poll(() => takesConnection('127.0.0.1', lab.port, 2_000)).toBe(false)
  interrupted.abort('SIGINT')
  await expect(stopping).rejects.toThrow('nginx accepts no new connections and ends after its last answer')
  answer.resolve()
  expect((await running).text).toBe('whole')
  await expect.poll(() => findNginx(lab.directory)).toEqual([])
})

it('it is refused while an updater would start it again, and where it is the system’s', async () => {
  const { lab, config } = await serving()
  const lock = await holdLock(lab.directory, 'an updater', () => undefined)
  await expect(gatewayStop({ config, within: '60' }, recordedContext())).rejects.toThrow(
    /^Cannot stop gateway "state": its updater is running, or a sluice up, and would start nginx again; stop that one first$/,
  )
  await lock.release()
  expect(findNginx(lab.directory)).not.toEqual([])
  await writeConfig(config, { nginx: 'system', reload: 'true' })
  await expect(gatewayStop({ config, within: '60' }, recordedContext())).rejects.toThrow(/it uses the system's nginx/)
  expect(findNginx(lab.directory)).not.toEqual([])
})

/** A gateway with an answer that ends when it may. */
async function serving() {
  const lab = await startLabGateway()
  const answer = Promise.withResolvers<void>()
  const engine = await labEngine((_request, response) => void answer.promise.then(() => response.end('whole')))
  await lab.applied(lab.model(labTier([engine])))
  const config = join(dirname(lab.directory), 'sluice.yaml')
  await writeConfig(config, {})
  const routes = join(dirname(lab.directory), 'routes/state.json')
  await mkdir(dirname(routes))
  await writeFile(routes, '{}')
  return { lab, config, routes, engine, answer }
}

function writeConfig(file: string, gateway: object): Promise<void> {
  const state = dirname(file)
  return writeFile(
    file,
    stringify({
      ...{ site: 'a', shared: state, runtime: state },
      gateway: { name: 'state', state, listen: 8080, networks: ['10.0.0.0/24'], ...gateway },
      tiers: { fast: { engine: 'llama.cpp', path: '/', model: { name: 'm', file: '/m.gguf' }, slurm: {} } },
    }),
  )
}
