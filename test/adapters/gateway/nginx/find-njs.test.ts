import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findNjs } from '../../../../src/adapters/gateway/nginx/find-njs.ts'

async function found(names: string | undefined): Promise<unknown> {
  const modules = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const load = join(modules, 'ngx_http_js_module.so')
  if (names !== undefined) await writeFile(load, names)
  const njs = await findNjs(`nginx version: nginx/1.30.6\nconfigure arguments: --modules-path=${modules} --with-x`)
  return njs === undefined ? undefined : { ...njs, load: njs.load === load }
}

it.each([
  ['none, without its file', undefined, undefined],
  ['0.7.9', 'js_import\0js_content\0', { load: true, readsFiles: false }],
  ['0.8.6, with QuickJS', 'js_engine\0qjs\0', { load: true, engine: 'qjs', readsFiles: false }],
  ['1.0, with QuickJS', 'js_engine\0qjs\0js_access\0', { load: true, engine: 'qjs', readsFiles: true }],
  ['1.0, without QuickJS', 'js_engine\0js_access\0', { load: true, readsFiles: true }],
])('njs %s is known by what its module names', async (_, names, expected) => {
  expect(await found(names)).toEqual(expected)
})

it('njs that is built in needs no file', async () => {
  expect(await findNjs('configure arguments: --add-module=/src/njs-0.8.4/nginx')).toEqual({ readsFiles: false })
  expect(await findNjs('configure arguments: --without-http')).toBeUndefined()
})
