import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** JavaScript in nginx: what a configuration has to know of the module. */
export interface Njs {
  /** The module's file; absent where it is built in. */
  readonly load?: string
  /** QuickJS (njs 0.8.6) is some third faster for our router than njs's own engine, which it is without this. */
  readonly engine?: 'qjs'
  /** A handler can read a body that lies in a file (njs 0.8.10). */
  readonly readsFiles: boolean
}

/**
 * What njs this nginx has, by what its module's file names: it does not tell its version. Undefined without one.
 *
 * @param version what `nginx -V` prints
 */
export async function findNjs(version: string): Promise<Njs | undefined> {
  if (/--add-module=\S*njs/.test(version)) return { readsFiles: false }
  const modules = /--modules-path=(\S+)/.exec(version)?.[1]
  const load = modules === undefined ? undefined : join(modules, 'ngx_http_js_module.so')
  if (load === undefined || !existsSync(load)) return undefined
  const program = await readFile(load)
  // `js_access` came with 0.9.9; between that and 0.8.10 bodies are kept in memory without need.
  return {
    load,
    ...(program.includes('js_engine\0') && program.includes('qjs\0') ? { engine: 'qjs' } : {}),
    readsFiles: program.includes('js_access\0'),
  }
}
