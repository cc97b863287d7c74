import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, it } from 'vitest'
import { readLoad } from '../../../src/adapters/engine/load.ts'
import { createHttp } from '../../../src/adapters/system/http.ts'
import { UNKNOWN_LOAD } from '../../../src/core/domain/load.ts'
import { ENGINES, type EngineName } from '../../../src/core/engines/index.ts'
import { spec } from '../../support/replica-spec.ts'

let answers: Readonly<Record<string, [status: number, text: string]>> = {}
const asked: string[] = []
const server = createServer((request, response) => {
  asked.push(request.url ?? '')
  const [status, text] = answers[request.url ?? ''] ?? [404, '']
  response.writeHead(status).end(text)
})
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
afterAll(() => server.close())
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const load = (engine: EngineName, change: object = {}) => {
  asked.length = 0
  return readLoad({ http: createHttp(), engine: ENGINES[engine], spec: { ...spec, ...change }, url })
}
const router = { router: { modelsDir: '/m', modelsMax: 2, preload: [] } }
const entry = (id: string, value = 'loaded') => ({ id, status: { value } })
const models = JSON.stringify({ data: [entry('a'), entry('b'), entry('c', 'unloaded')] })

it('is what the metrics say', async () => {
  answers = { '/metrics': [200, 'vllm:num_requests_running 2\nvllm:num_requests_waiting 1'] }
  expect(await load('vllm')).toEqual({ ...UNKNOWN_LOAD, running: 2, waiting: 1 })
})

it('is not known, and not zero, where they are not answered', async () => {
  answers = { '/metrics': [503, 'vllm:num_requests_running 2'] }
  expect(await load('vllm')).toEqual(UNKNOWN_LOAD)
})

it('is that of all loaded models of a router together, and not known where one of them is not told', async () => {
  const told = (count: number): [number, string] => [200, `llamacpp:requests_processing ${count}`]
  answers = {
    '/v1/models': [200, models],
    '/metrics?model=a&autoload=false': told(2),
    '/metrics?model=b&autoload=false': told(3),
  }
  expect(await load('llama.cpp', router)).toEqual({ ...UNKNOWN_LOAD, running: 5 })
  expect(asked).not.toContain('/metrics')
  answers = { ...answers, '/metrics?model=b&autoload=false': [400, ''] }
  expect(await load('llama.cpp', router)).toEqual(UNKNOWN_LOAD)
})

it('is not asked of an engine without metrics', async () => {
  expect(await load('custom', { custom: { args: [], healthPath: '/', serves: [] } })).toEqual(UNKNOWN_LOAD)
  expect(asked).toEqual([])
})
