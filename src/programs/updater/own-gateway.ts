import { Socket } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { connectGateway, type DrivenGateway } from '../../adapters/gateway/gateway-ipc.ts'
import { inspectNginx } from '../../adapters/gateway/inspect-gateway.ts'
import { openGateway } from '../../adapters/gateway/open-gateway.ts'
import { placesBelow } from '../../adapters/gateway/state-directory.ts'
import { boundedLines } from '../../adapters/system/bounded-lines.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { findProgram } from '../../adapters/system/find-program.ts'
import { holdLock } from '../../adapters/system/process-lock.ts'
import { stateDirectory } from '../../adapters/system/user-state.ts'
import type { Config } from '../../core/config/schema.ts'
import type { Context } from '../../core/context.ts'
import { UserError } from '../../core/domain/user-error.ts'

/** Set in root's child, which has the pipe to root at `IPC_FD`. */
export const IPC_VARIABLE = 'SLUICE_GATEWAY_IPC'
export const IPC_FD = 3

/** The gateway that this updater alone controls. */
export interface UpdaterGateway {
  readonly gateway: DrivenGateway
  /** The access log of a private nginx; undefined for the system's nginx, whose files are root's. */
  readonly accessLog: string | undefined
  /** Releases it for another updater; nginx goes on serving. */
  release(): Promise<void>
}

/**
 * The private nginx of this account, or the system's through the process of root that started this one (run-as-root.ts).
 * Calls `lost` when another process may control the gateway: the updater must end.
 *
 * @throws UserError when another updater has it, and when this account may not control the system's nginx.
 */
export async function openUpdaterGateway(
  config: Config,
  context: Context,
  lost: (error: Error) => void,
): Promise<UpdaterGateway> {
  if (config.gateway.nginx === 'system') return connectToRoot(context, lost)
  const directory = gatewayDirectory(config, context)
  const nginx = await nginxProgram(context.env)
  await refuseOldNginx(nginx, context)
  const lock = await lockGateway(config, context, lost)
  const gateway = await openGateway({ directory, nginx, env: context.env, clock: systemClock })
  return { gateway, accessLog: placesBelow(directory).accessLog, release: lock.release }
}

/** The directory of the gateway's state, on this machine. */
export function gatewayDirectory({ site, gateway }: Config, { env }: Context): string {
  return join(gateway.state ?? stateDirectory(site, env), gateway.name)
}

/** The path of nginx; without one on PATH its name, for the error at its start. */
export async function nginxProgram(env: NodeJS.ProcessEnv): Promise<string> {
  return (await findProgram('nginx', env)) ?? 'nginx'
}

/** @throws UserError when this nginx is unsuitable. A missing nginx is not an error here, because it may be installed later. */
export async function refuseOldNginx(nginx: string, { env }: Pick<Context, 'env'>): Promise<void> {
  const found = await inspectNginx(nginx, env)
  if ('missing' in found && found.isThere) throw new UserError(`Cannot run the gateway: ${found.missing}`)
}

export async function lockGateway(config: Config, context: Context, lost: (error: Error) => void) {
  return holdLock(gatewayDirectory(config, context), `an updater for gateway "${config.gateway.name}"`, cause =>
    lost(new Error('Cannot go on: the lock of this gateway was lost, so another updater may hold it', { cause })),
  )
}

function connectToRoot({ env }: Context, lost: (error: Error) => void): UpdaterGateway {
  if (env[IPC_VARIABLE] === undefined) {
    const { uid, username } = userInfo()
    throw new UserError(
      `Cannot drive the system's nginx as ${username} (uid ${uid}): every account that can write a file that root's nginx includes is root; ` +
        'start the updater as root (it does everything else as the owner of the shared directory), or write gateway.nginx: private',
    )
  }
  let isOver = false
  const channel = boundedLines(new Socket({ fd: IPC_FD }))
  const gateway = connectGateway(channel, error => {
    if (!isOver) lost(error)
  })
  return {
    gateway,
    accessLog: undefined,
    async release() {
      isOver = true
      channel.close()
    },
  }
}
