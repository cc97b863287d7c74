import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { askGeneration } from './control.ts'
import { parseBuild } from './nginx-build.ts'
import { findNginx } from './nginx-processes.ts'
import { listeningPorts, probePorts } from './probe-ports.ts'

/** Which nginx there is, or in words why there is none. Runs `nginx -V` and starts nothing. */
export async function inspectNginx(command: string, env: NodeJS.ProcessEnv) {
  const bounds = { timeout: ANSWER_MS, maxBuffer: MOST_CHARACTERS } as const
  const result = await execa(command, ['-V'], { cwd: '/', env, extendEnv: false, reject: false, ...bounds })
  if (result.code === 'ENOENT') return { missing: `There is no program "${command}" on PATH` }
  if (result.failed) return { missing: `Cannot run ${command} -V: ${result.shortMessage}` }
  const modules = /--modules-path=(\S+)/.exec(result.stderr)?.[1]
  const isStatic = /--add-module=\S*njs/.test(result.stderr)
  const hasNjs = modules === undefined ? undefined : existsSync(join(modules, 'ngx_http_js_module.so'))
  return { version: parseBuild(result.stderr).version, hasNjs: isStatic || hasNjs }
}

/** Who holds a port of the gateway whose private nginx runs in `directory`, or which the system's nginx carries. */
export async function inspectPort(port: number, directory: string): Promise<'nobody' | 'our nginx' | 'somebody else'> {
  const masters = existsSync(directory) ? findNginx(realpathSync(directory)).filter(one => one.role === 'master') : []
  if (masters.some(master => listeningPorts(master.pid).has(port))) return 'our nginx'
  const isFree = await probePorts([port]).then(
    () => true,
    () => false, // by whom is asked next
  )
  if (isFree) return 'nobody'
  // Another account's processes show nobody what they hold.
  return (await askGeneration({ address: '127.0.0.1', port })) === undefined ? 'somebody else' : 'our nginx'
}

const ANSWER_MS = 10_000
const MOST_CHARACTERS = 64 * 1024
