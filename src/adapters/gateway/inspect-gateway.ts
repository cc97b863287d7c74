import { existsSync, realpathSync } from 'node:fs'
import { execa } from 'execa'
import { codeOf, messageOf } from '../../core/domain/caught.ts'
import { type Listen, listenAddress, localUrl, overlaps } from '../../core/domain/listen-address.ts'
import { findNjs } from './nginx/find-njs.ts'
import { askGeneration } from './nginx/generation-probe.ts'
import { parseBuild } from './nginx/nginx-build.ts'
import { findNginx } from './nginx/nginx-processes.ts'
import { probePorts } from './nginx/probe-ports.ts'
import { listenersOf } from './render/listeners.ts'

/** The installed nginx, or in words why there is no suitable one. Runs `nginx -V` and starts nothing. */
export async function inspectNginx(command: string, env: NodeJS.ProcessEnv) {
  const bounds = { timeout: ANSWER_MS, maxBuffer: MOST_CHARACTERS } as const
  const result = await execa(command, ['-V'], { cwd: '/', env, extendEnv: false, reject: false, ...bounds })
  if (result.code === 'ENOENT') return { missing: `There is no program "${command}" on PATH`, isThere: false }
  if (result.failed) return { missing: `Cannot run ${command} -V: ${result.shortMessage}`, isThere: false }
  try {
    // Without a path of modules there may be one that a configuration names.
    const isKnown = result.stderr.includes('--modules-path=')
    const hasNjs = (await findNjs(result.stderr)) !== undefined || (isKnown ? false : undefined)
    return { version: parseBuild(result.stderr).version, hasNjs }
  } catch (error) {
    return { missing: messageOf(error), isThere: true }
  }
}

/** The process that listens at a gateway's address. The gateway is a private nginx in `directory`, or part of the system's. */
export async function inspectListen(
  listen: Listen,
  directory: string,
): Promise<'nobody' | 'our nginx' | 'another process' | 'not this machine'> {
  const at = listenAddress(listen)
  const masters = existsSync(directory) ? findNginx(realpathSync(directory)).filter(one => one.role === 'master') : []
  if (listenersOf(...masters.map(master => master.pid)).some(one => overlaps(one, at))) return 'our nginx'
  const failure = await probePorts([at]).then(
    () => undefined,
    (error: Error) => codeOf(error.cause) ?? 'unknown', // the holder is looked up below
  )
  if (failure === undefined) return 'nobody'
  if (failure === 'EADDRNOTAVAIL') return 'not this machine'
  // The descriptors of another account's processes cannot be read.
  return (await askGeneration({ url: localUrl(listen) })) === undefined ? 'another process' : 'our nginx'
}

const ANSWER_MS = 10_000
const MOST_CHARACTERS = 64 * 1024
