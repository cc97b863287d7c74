import { readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../system/clock.ts'
import { endSockets } from '../system/end-sockets.ts'
import { socketsTo } from '../system/process-sockets.ts'
import { readTemplate } from '../system/templates.ts'
import { createApply } from './apply-model.ts'
import type { Gateway } from './gateway.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { type NginxPlaces, parsePlaces } from './nginx/inspect-system-nginx.ts'
import { nginxCommand } from './nginx/nginx-command.ts'
import { createPrivateNginx } from './nginx/private-nginx.ts'
import { createSystemNginx, type SystemNginxOptions } from './nginx/system-nginx.ts'
import { findWorkerAccount, type WorkerAccount } from './nginx/worker-account.ts'
import type { AmongOthers, GatewayTemplates } from './render/render-gateway.ts'
import { ROUTER_FILE } from './render/router-file.ts'
import { admitGroup, makeStateDirectory, type StateDirectory } from './state-directory.ts'

export interface GatewayOptions {
  /** Absolute, on local disk, used by this gateway only. One process at a time may open it: hold a lock. */
  readonly directory: string
  /** The program, by name or path. */
  readonly nginx: string
  readonly env: NodeJS.ProcessEnv
  readonly clock: Clock
  /** The gateway is part of the system's nginx; only root can do this. Absent: a private nginx, in `directory`. */
  readonly system?: SystemNginxOptions | undefined
  /** The limit of open files of a process of nginx, and so of its connections; absent: the hard limit. */
  readonly openFiles?: number
}

/**
 * Creates the state directory if needed; a running nginx is not touched.
 *
 * @throws when the directory cannot be created, or its path is too long for a socket; for the system's nginx also when it is
 * missing.
 */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const { clock, env } = options
  // Generations of a private nginx in `directory` are not the system's.
  const directory = await makeStateDirectory(
    options.system === undefined ? options.directory : join(options.directory, 'system'),
  )
  const nginx = nginxCommand({ command: options.nginx, directory, env })
  const system = options.system && { ...options.system, places: parsePlaces(await nginx.version(undefined)) }
  const parts: GatewayParts = {
    directory,
    nginx,
    templates: await readTemplates(),
    workers: options.system === undefined ? await admitWorkers(directory) : undefined,
    openFiles: options.openFiles ?? ownOpenFiles(),
    amongOthers: system && amongOthersOf(system.name, system.places),
    env,
    clock,
  }
  const instance = system === undefined ? createPrivateNginx(parts) : createSystemNginx(parts, system)
  const apply = createApply(parts, instance)
  let last: Promise<unknown> = Promise.resolve()
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work)
    last = turn.catch(() => undefined) // its caller gets the error; the next call only waits
    return turn
  }
  return {
    apply: (model, signal, keys) => inTurn(() => apply(model, signal, keys)),
    running: signal => inTurn(() => instance.running(signal)),
    async endStreams(servers) {
      const workers = await instance.workers()
      const sockets = socketsTo(workers, servers)
      return sockets.length === 0 ? { ended: 0 } : endSockets(sockets)
    },
    stop: options => inTurn(() => instance.stop(options)),
  }
}

/** Undefined: only root can choose. */
async function admitWorkers(directory: StateDirectory): Promise<WorkerAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const workers = await findWorkerAccount((await stat(directory.root)).uid)
  await admitGroup(directory, workers.gid)
  return workers
}

export async function readTemplates(): Promise<GatewayTemplates> {
  const read = (name: string) => readTemplate(`nginx/${name}.mustache`)
  const [wrapper, gateway, exchange, tier, serve, delivery, router] = await Promise.all([
    read('nginx.conf'),
    read('gateway.conf'),
    read('exchange'),
    read('tier'),
    read('serve'),
    read('delivery'),
    readTemplate(`nginx/${ROUTER_FILE}`),
  ])
  return { 'nginx.conf': wrapper, 'gateway.conf': gateway, exchange, tier, serve, delivery, router }
}

/** How the gateway of this name stands in the system's nginx. */
export function amongOthersOf(name: string, { logs }: NginxPlaces): AmongOthers {
  return { names: `sluice_${name}`, accessLog: join(logs, `sluice-${name}.access.log`) }
}

/** Files that an nginx may have open which this process starts. */
export function ownOpenFiles(): number {
  return openFilesLimit(readFileSync('/proc/self/limits', 'latin1'))
}

/** The hard limit of /proc/self/limits, proc(5): nginx raises its own to that without being root. */
function openFilesLimit(limits: string): number {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1]
  return Math.min(hard === undefined ? MOST_OPEN_FILES : Number(hard), MOST_OPEN_FILES)
}

// Four times the connections of a worker: more would not be used.
const MOST_OPEN_FILES = 32_768
