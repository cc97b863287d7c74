import { realpathSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, reasonOf } from '../../core/domain/caught.ts'
import type { GatewayModel } from '../../core/domain/gateway-model.ts'
import type { Gateway } from './gateway.ts'
import { readGeneration } from './generation-files.ts'
import { buildOfMaster } from './nginx/build-of-master.ts'
import { parsePlaces } from './nginx/inspect-system-nginx.ts'
import { nginxCommand } from './nginx/nginx-command.ts'
import { findNginx } from './nginx/nginx-processes.ts'
import { readRunning } from './nginx/running-gateway.ts'
import { findWorkerAccount } from './nginx/worker-account.ts'
import { amongOthersOf, type GatewayOptions, ownOpenFiles, readTemplates } from './open-gateway.ts'
import { keysOf } from './render/keys-file.ts'
import { MODEL_FILE, renderGateway } from './render/render-gateway.ts'
import { placesBelow } from './state-directory.ts'

/** A gateway that is only looked at: nothing is made, written, locked or told, and an updater may run beside. */
export interface GatewayPreview {
  /** @throws for the system's nginx, whose state is root's, and where the state directory cannot be looked at */
  readonly running: Gateway['running']
  /** The files that nginx would read of this model, by their names. Keys are replaced by a placeholder. */
  render(model: GatewayModel, generation: number): Promise<ReadonlyMap<string, string>>
  /** The `gateway.conf` of a generation; undefined when it is gone. */
  written(generation: number): Promise<string | undefined>
}

export function previewGateway(options: Omit<GatewayOptions, 'openFiles'>): GatewayPreview {
  const { env, clock, system } = options
  // The state of the system's nginx is root's.
  const found = system === undefined ? realDirectory(options.directory) : {}
  const root = found.root
  const directory = placesBelow(system === undefined ? (root ?? options.directory) : join(options.directory, 'system'))
  // It is asked for its version alone, which needs a directory that exists.
  const nginx = nginxCommand({ command: options.nginx, directory: placesBelow(root ?? '/'), env })
  return {
    async running(signal) {
      if (system !== undefined)
        throw new Error("Cannot find out what nginx runs: the state of the system's nginx is root's")
      if (found.error !== undefined) throw found.error
      return root === undefined ? undefined : readRunning({ directory, clock }, signal)
    },
    async render(model, generation) {
      const master = system === undefined ? findNginx(directory.root).find(one => one.role === 'master') : undefined
      const files = renderGateway(model, {
        ...{ generation, directory, build: await buildOfMaster(nginx)(master), templates: await readTemplates() },
        workers: system === undefined && root !== undefined ? await workersOf(root) : undefined,
        openFiles: ownOpenFiles(),
        keys: Object.fromEntries(keysOf(model).map(fingerprint => [fingerprint, `<engine key ${fingerprint}>`])),
        amongOthers: system && amongOthersOf(system.name, parsePlaces(await nginx.version(undefined))),
      })
      // The system's nginx has an nginx.conf of its own.
      const unread = system === undefined ? [MODEL_FILE] : [MODEL_FILE, 'nginx.conf']
      return new Map([...files].filter(([name]) => !unread.includes(name)))
    },
    written: generation => readGeneration(directory, generation, 'gateway.conf'),
  }
}

/** Without a root it does not exist, or could not be looked at because of `error`. */
function realDirectory(directory: string): { readonly root?: string; readonly error?: Error } {
  try {
    return { root: realpathSync(directory) }
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return {}
    return { error: new Error(`Cannot look at "${directory}": ${reasonOf(cause)}`, { cause }) }
  }
}

/** As `openGateway` chooses them. */
async function workersOf(root: string) {
  return process.getuid?.() === 0 ? findWorkerAccount((await stat(root)).uid) : undefined
}
