import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** nginx's JavaScript module, as far as a configuration depends on it. */
export interface Njs {
  /** The module's file; absent where it is built in. */
  readonly load?: string
  /** QuickJS (njs 0.8.6), which runs the router about a third faster; absent: njs's own engine. */
  readonly engine?: 'qjs'
  /** A handler can read a body that lies in a file (njs 0.8.10). */
  readonly readsFiles: boolean
}

/**
 * The njs module of this nginx; undefined: it has none. The module has no version to ask for, so the directives that its
 * file names decide.
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
