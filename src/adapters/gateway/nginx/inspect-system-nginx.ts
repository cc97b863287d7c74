import { readlinkSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseIpv4 } from '../../../core/domain/address.ts'
import { ANY_IPV4, canonicalIpv6, type ListenAddress } from '../../../core/domain/listen-address.ts'
import { readRegularText } from '../../system/regular-file.ts'
import { isOfAccount } from './master-program.ts'
import { type NginxProcess, readAgain, readNginx } from './nginx-processes.ts'

/** The paths with which an nginx was built. */
export interface NginxPlaces {
  readonly prefix: string
  readonly configuration: string
  readonly pidFile: string
  readonly logs: string
}

/** Reads the output of `nginx -V`; missing paths have the defaults of nginx's sources. */
export function parsePlaces(text: string): NginxPlaces {
  const named = (option: string) => new RegExp(`--${option}=(\\S+)`).exec(text)?.[1]
  const prefix = named('prefix') ?? '/usr/local/nginx'
  return {
    prefix,
    configuration: resolve(prefix, named('conf-path') ?? 'conf/nginx.conf'),
    pidFile: resolve(prefix, named('pid-path') ?? 'logs/nginx.pid'),
    logs: dirname(resolve(prefix, named('http-log-path') ?? 'logs/access.log')),
  }
}

/** The pid file of nginx.conf's text, or the built-in one. */
export function pidFileOf(text: string, places: NginxPlaces): string {
  const named = /^[^\S\n]*pid\s+(?:"([^"]+)"|'([^']+)'|([^\s;]+))\s*;/m.exec(text)?.slice(1).find(Boolean)
  return named === undefined ? places.pidFile : resolve(places.prefix, named)
}

/**
 * The master of the system's nginx. Its pid file distinguishes it from every other nginx of this machine, ours included. A stale
 * pid file may name any account's process with any title, so the process must be root's. The answer of its children shows that it
 * was the one that was reloaded (`awaitGeneration`).
 *
 * @throws when it does not run, with what to do.
 */
export async function findSystemMaster(places: NginxPlaces): Promise<NginxProcess> {
  const pidFile = pidFileOf(await readRegularText(places.configuration, MAX_FILE_BYTES).catch(asEmpty), places)
  const pid = Number.parseInt(await readRegularText(pidFile, MOST_PID_BYTES).catch(asEmpty), 10)
  const found = pid > 0 ? readNginx(pid) : undefined
  if (found?.role === 'master' && (await isOfAccount(pid, 0)) && readAgain(found) !== undefined) return found
  throw new Error(
    `Cannot find the system's nginx: ${pidFile} names no master of nginx that root runs; start it, such as with systemctl start nginx`,
  )
}

// In a longer nginx.conf the pid file is named earlier.
const MAX_FILE_BYTES = 4 * 1024 * 1024
// More digits than a pid has.
const MOST_PID_BYTES = 16

// An nginx without that file does not run, and the caller reports that.
function asEmpty(): string {
  return ''
}

/** The file of a master's messages: nginx redirects standard error to its error log (ngx_log_redirect_stderr). */
export function errorLogOf(master: NginxProcess): string | undefined {
  try {
    const path = readlinkSync(`/proc/${master.pid}/fd/2`)
    return statSync(path).isFile() ? path : undefined
  } catch {
    return undefined // syslog, a journal, or a removed file: a refusal then shows only as a timeout
  }
}

/** The files of `nginx -T`. */
export function filesOfDump(dump: string): readonly { readonly path: string; readonly text: string }[] {
  const [, ...parts] = dump.split(/^# configuration file (.*):$/m)
  return parts.flatMap((path, index) => (index % 2 === 0 ? [{ path, text: parts[index + 1] ?? '' }] : []))
}

/** The TCP addresses of the `listen` directives in a file; a name counts as all addresses of this machine. */
export function listensOn(text: string): readonly ListenAddress[] {
  const directives = text.replaceAll(/(^|\s)#.*$/gm, '').matchAll(/(?:^|[;{}\s])listen\s+([^\s;]+)/g)
  return [...directives].flatMap(([, at = '']) => {
    if (at.startsWith('unix:')) return []
    const [, six, rest = ''] = /^(?:\[([^\]]*)\])?(.*)$/.exec(at) ?? []
    const port = Number(/(?:^|:)(\d+)$/.exec(rest)?.[1] ?? HTTP_PORT)
    if (six !== undefined) return { address: canonicalIpv6(six) ?? six, port }
    const host = rest.replace(/:\d+$/, '')
    return { address: parseIpv4(host) === undefined ? ANY_IPV4 : host, port }
  })
}

// An address without a port (ngx_http_core_module, listen).
const HTTP_PORT = 80
