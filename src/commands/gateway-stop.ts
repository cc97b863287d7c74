import { existsSync } from 'node:fs'
import { realpath, rm } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { type ConfigOptions, loadRunningConfig } from '../adapters/config-file/load-config.ts'
import { endNginx } from '../adapters/gateway/end-nginx.ts'
import { findNginx } from '../adapters/gateway/nginx/nginx-processes.ts'
import { stopNginx } from '../adapters/gateway/nginx/stop-nginx.ts'
import { placesBelow } from '../adapters/gateway/state-directory.ts'
import { registryDirectories } from '../adapters/registry/directories.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { createSerialQueue } from '../adapters/system/serial-queue.ts'
import type { Config } from '../core/config/schema.ts'
import type { Context } from '../core/context.ts'
import { messageOf } from '../core/domain/caught.ts'
import { COMMAND_DEADLINE_MS } from '../core/domain/shared-deadline.ts'
import { UserError } from '../core/domain/user-error.ts'
import { gatewayDirectory, lockGateway } from '../programs/updater/own-gateway.ts'
import { isRunByUp } from './site/open-site.ts'
import { withinSecondsOf } from './site/within-seconds.ts'

export interface GatewayStopOptions extends ConfigOptions {
  /** Seconds for running answers. */
  readonly within: string
  readonly now?: boolean
}

/**
 * `sluice gateway stop`: ends the private nginx, which goes on serving after its updater's end.
 *
 * @throws UserError while an updater runs, because it would start nginx again, and for the system's nginx.
 */
export async function gatewayStop(options: GatewayStopOptions, context: Context): Promise<void> {
  const graceMs = options.now === true ? 0 : 1_000 * withinSecondsOf(options.within, 'stop')
  const { config } = await loadRunningConfig(options, context)
  const { name } = config.gateway
  if (config.gateway.nginx === 'system') {
    throw new UserError(
      `Cannot stop gateway "${name}": it uses the system's nginx, which may have other sites; stop the updater, remove ${name}'s file from "${config.gateway.directory}" and reload nginx`,
    )
  }
  if (await isRunByUp(config, context)) {
    throw new UserError(
      `Cannot stop gateway "${name}": it belongs to a sluice up; end that (Ctrl-C), and its nginx ends too`,
    )
  }
  const directory = gatewayDirectory(config, context)
  const none = `No nginx of gateway "${name}" runs in "${directory}" as ${userInfo().username}`
  if (!existsSync(directory)) return context.print(none)
  const lock = await lockAgainstUpdaters(config, context)
  try {
    const root = await realpath(directory)
    const master = findNginx(root).find(one => one.role === 'master')
    if (findNginx(root).length === 0) return context.print(none)
    const patience =
      graceMs === 0
        ? 'running answers are cut'
        : `running answers have ${graceMs / 1_000} s (Ctrl-C removes that limit)`
    context.print(
      `Stopping nginx of gateway "${name}" (pid ${master?.pid ?? 'unknown'}): no new connections, ${patience}`,
    )
    const { signal } = context
    const hasEnded = graceMs > 0 && (await endNginx({ root, name: 'SIGQUIT', graceMs, clock: systemClock, signal }))
    if (!hasEnded && signal.aborted) {
      throw new Error('Stopped watching: nginx accepts no new connections and ends after its last answer')
    }
    await stopNginx({ directory: placesBelow(root), clock: systemClock }, 0, signal)
    context.print(hasEnded ? 'Stopped: every answer had ended' : 'Stopped: answers that had not ended were cut')
    await removeRoutes(config, context)
  } finally {
    await lock.release()
  }
}

async function lockAgainstUpdaters(config: Config, context: Context) {
  try {
    return await lockGateway(config, context, () => undefined)
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause
    throw new UserError(
      `Cannot stop gateway "${config.gateway.name}": its updater is running, or a sluice up, and would start nginx again; stop that one first`,
      { cause },
    )
  }
}

/** Removes the routes file, so that a leaving replica does not wait for a gateway that is gone. */
async function removeRoutes({ shared, gateway }: Config, { warn }: Context): Promise<void> {
  const file = join(registryDirectories(shared).routes, `${gateway.name}.json`)
  await createSerialQueue(systemClock, COMMAND_DEADLINE_MS)
    .run(`remove "${file}"`, () => rm(file, { force: true }))
    .catch(error => warn(`${messageOf(error)}; leaving replicas wait a minute for this gateway`))
}
