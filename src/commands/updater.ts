import { type ConfigOptions, loadConfig } from '../adapters/config-file/load-config.ts'
import { openRegistry } from '../adapters/registry/open-registry.ts'
import { openSlurm } from '../adapters/slurm/open-slurm.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { createSerialQueue } from '../adapters/system/serial-queue.ts'
import { connectServiceManager } from '../adapters/system/service-manager.ts'
import type { Config } from '../core/config/schema.ts'
import type { Context } from '../core/context.ts'
import { messageOf } from '../core/domain/caught.ts'
import { logLevelOf } from '../core/domain/log-level.ts'
import { COMMAND_DEADLINE_MS } from '../core/domain/shared-deadline.ts'
import { UserError } from '../core/domain/user-error.ts'
import { openUpdaterGateway } from '../programs/updater/own-gateway.ts'
import { rereadConfig } from '../programs/updater/reload-config.ts'
import { runUpdater } from '../programs/updater/run.ts'
import { rootUpdater } from '../programs/updater/run-as-root.ts'
import { runOnce } from '../programs/updater/run-once.ts'
import { refuseForeign } from './site/open-site.ts'
import { hasBeat } from './site/updater-pulse.ts'

export interface UpdaterCommandOptions extends ConfigOptions {
  /** End after one round. */
  readonly once?: boolean
  /** Of one round show what it would change, and write nothing. */
  readonly dryRun?: boolean
  readonly logLevel?: string
}

/**
 * Keeps nginx in step with the registry and Slurm until a signal, or for one round; nginx goes on serving after it.
 *
 * @throws UserError when another updater has the gateway, and for one round while another's beat moves
 */
export async function updater(options: UpdaterCommandOptions, context: Context): Promise<void> {
  const { once = false, dryRun = false, logLevel } = options
  const levelOf = (config?: Config) => logLevelOf({ option: logLevel, env: context.env, config: config?.log })
  levelOf() // a wrong word is refused before anything is begun
  if (dryRun && !once) throw new UserError('Cannot dry-run an updater that goes on: add --once')
  if (dryRun) return (await import('./updater-dry-run.ts')).updaterDryRun(options, context)
  const { file, config } = await loadConfig(options, context)
  if (config.gateway.nginx === 'system' && context.uid === 0)
    return rootUpdater({ file, config, once, logLevel }, context)
  await refuseForeign(config, createSerialQueue(systemClock, COMMAND_DEADLINE_MS), context)
  const stopped = new AbortController()
  let lost: Error | undefined
  const { gateway, accessLog, release } = await openUpdaterGateway(config, context, error => {
    lost = error
    stopped.abort(error.message)
  })
  try {
    const { alive } = connectServiceManager(context.env, systemClock)
    const slurm = openSlurm({ env: context.env })
    const ending = AbortSignal.any([context.signal, stopped.signal])
    const print = context.warn
    if (once) {
      await refuseBesideUpdater(config, ending)
      await runOnce({ config, gateway, slurm, print, level: levelOf(config), signal: ending })
    }
    for (let current = once ? undefined : config; current !== undefined; ) {
      const next = rereadOnHangup(current, options, context)
      const signal = AbortSignal.any([ending, next.signal])
      await runUpdater({ config: current, gateway, accessLog, slurm, print, level: levelOf(current), alive, signal })
      current = ending.aborted ? undefined : next.stop()
    }
  } finally {
    if (lost === undefined) await release()
  }
  if (lost !== undefined) throw lost
}

/** The lock is for updaters of the same directory; one of another directory or machine writes the same routes file. */
async function refuseBesideUpdater(config: Config, signal: AbortSignal): Promise<void> {
  const registry = openRegistry(config.shared, createSerialQueue(systemClock, COMMAND_DEADLINE_MS))
  try {
    if (!(await hasBeat({ config, registry }, systemClock, signal))) return
  } finally {
    void registry.close().catch(() => undefined) // not awaited: a hanging share keeps the thread until it answers
  }
  const { shared, gateway } = config
  throw new UserError(
    `Cannot run one round: an updater of gateway "${gateway.name}" runs, its beat in "${shared}" moves; stop that one first`,
  )
}

/**
 * The signal aborts when SIGHUP has loaded a new configuration. nginx serves on meanwhile, and all other state is rebuilt from Slurm
 * and the registry.
 */
function rereadOnHangup(current: Config, options: ConfigOptions, context: Context) {
  const reread = new AbortController()
  let next: Config | undefined
  const take = async () => {
    const config = await rereadConfig(current, options, context)
    if (config === undefined) return
    next = config
    reread.abort('SIGHUP: sluice.yaml was read again')
  }
  const forget = context.onHangup(() => void take().catch(error => context.warn(messageOf(error))))
  return {
    signal: reread.signal,
    stop: () => {
      forget()
      return next
    },
  }
}
