import { readFileSync } from 'node:fs'
import type { Clock } from '../system/clock.ts'
import { readTemplate } from '../system/templates.ts'
import { createApply } from './apply-model.ts'
import type { Gateway } from './gateway.ts'
import type { GatewayParts } from './gateway-parts.ts'
import { nginxCommand } from './nginx-command.ts'
import type { GatewayTemplates } from './render-gateway.ts'
import { readRunning } from './running-gateway.ts'
import { makeStateDirectory } from './state-directory.ts'
import { stopNginx } from './stop-nginx.ts'

export interface GatewayOptions {
  /** Absolute, on local disk, ours alone. One gateway at a time may be open on it: hold a lock. */
  readonly directory: string
  /** The program, by name or path. */
  readonly nginx: string
  readonly env: NodeJS.ProcessEnv
  readonly clock: Clock
}

/**
 * Makes the state directory where needed and touches nothing that runs.
 *
 * @throws when the directory cannot be made or is too long a path for a socket.
 */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const directory = await makeStateDirectory(options.directory)
  const parts: GatewayParts = {
    directory,
    nginx: nginxCommand({ command: options.nginx, directory, env: options.env }),
    templates: await readTemplates(),
    user: process.getuid?.() === 0 ? 'root' : undefined,
    openFiles: openFilesLimit(readFileSync('/proc/self/limits', 'latin1')),
    clock: options.clock,
  }
  const apply = createApply(parts)
  let last: Promise<unknown> = Promise.resolve()
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work)
    last = turn.catch(() => undefined) // its caller hears of it; the next call only waits
    return turn
  }
  return {
    apply: (model, signal) => inTurn(() => apply(model, signal)),
    running: signal => inTurn(() => readRunning(parts, signal)),
    stop: ({ graceMs, signal }) => inTurn(() => stopNginx(parts, graceMs, signal)),
  }
}

async function readTemplates(): Promise<GatewayTemplates> {
  const read = (name: string) => readTemplate(`nginx/${name}.mustache`)
  const [wrapper, gateway, exchange, tier, delivery] = await Promise.all([
    read('nginx.conf'),
    read('gateway.conf'),
    read('exchange'),
    read('tier'),
    read('delivery'),
  ])
  return { 'nginx.conf': wrapper, 'gateway.conf': gateway, exchange, tier, delivery }
}

/** The hard limit of /proc/self/limits, proc(5): nginx raises its own to that without being root. */
function openFilesLimit(limits: string): number {
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(limits)?.[1]
  return Math.min(hard === undefined ? MOST_OPEN_FILES : Number(hard), MOST_OPEN_FILES)
}

// Four times the connections of a worker: there is no use for more.
const MOST_OPEN_FILES = 32_768
