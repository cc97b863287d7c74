import { mkdtemp, readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { checkHealth, loadModels } from '../../../../src/adapters/engine/health.ts'
import { readLoad } from '../../../../src/adapters/engine/load.ts'
import { injectKey } from '../../../../src/adapters/engine/process/key-injection.ts'
import { createHttp } from '../../../../src/adapters/system/http.ts'
import { ENGINES } from '../../../../src/core/engines/index.ts'
import { spec } from '../../../support/replica-spec.ts'

const key = 'k'.repeat(32)

it('writes a file that nobody else may read where an engine takes one, and names no key', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'sluice-scratch-'))
  const { environment, argv, files } = await injectKey(ENGINES.sglang.key(spec), key, scratch)
  expect([environment, argv]).toEqual([{}, ['--config', join(scratch, 'key/sglang.yaml')]])
  expect(files).toEqual([join(scratch, 'key/sglang.yaml')])
  expect((await stat(join(scratch, 'key/sglang.yaml'))).mode & 0o777).toBe(0o600)
  expect(await readFile(join(scratch, 'key/sglang.yaml'), 'utf8')).toContain(key)
})

it('sets a variable where an engine reads one', async () => {
  expect(await injectKey(ENGINES.vllm.key(spec), key, '/nowhere')).toEqual({
    environment: { VLLM_API_KEY: key },
    argv: [],
    files: [],
  })
})

it('tells nothing to an engine that asks for none, or where there is no key', async () => {
  expect(await injectKey(undefined, key, '/nowhere')).toEqual({ environment: {}, argv: [], files: [] })
  expect(await injectKey(ENGINES.sglang.key(spec), undefined, '/nowhere')).toEqual({
    environment: {},
    argv: [],
    files: [],
  })
})

it('is carried by every question of our own', async () => {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(`${request.url} ${request.headers.authorization}`)
    response.end(JSON.stringify({ data: [{ id: 'm', status: { value: 'loaded' } }] }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const router = { modelsDir: '/m', modelsMax: 1, preload: [] }
  const contact = { http: createHttp(), engine: ENGINES['llama.cpp'], spec: { ...spec, router }, url, key }
  await checkHealth(contact)
  await loadModels(contact, ['m'])
  await readLoad(contact)
  const paths = seen.map(line => line.replace(` Bearer ${key}`, ''))
  expect(new Set(paths)).toEqual(new Set(['/health', '/v1/models', '/models/load', '/metrics?model=m&autoload=false']))
  expect(seen.every(line => line.endsWith(` Bearer ${key}`))).toBe(true)
})
