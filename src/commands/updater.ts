import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { UserError } from '../domain/user-error.ts'
import { openGateway } from '../gateway/open-gateway.ts'
import { openSlurm } from '../slurm/open-slurm.ts'
import { systemClock } from '../system/clock.ts'
import { findProgram } from '../system/find-program.ts'
import { holdLock } from '../system/process-lock.ts'
import { connectServiceManager } from '../system/service-manager.ts'
import { stateDirectory } from '../system/user-state.ts'
import type { Context } from './context.ts'
import { type ConfigOptions, loadConfig } from './load-config.ts'
import { runUpdater } from './run-updater.ts'

/** Keeps nginx in step with the registry and Slurm until a signal; nginx goes on serving after it. */
export async function updater(options: ConfigOptions, context: Context): Promise<void> {
  const { config } = await loadConfig(options, context)
  const { name, state } = config.gateway
  const directory = join(state ?? stateDirectory(config.site, context.env), name)
  const stopped = new AbortController()
  let lost: Error | undefined
  const lock = await holdLock(directory, `an updater for gateway "${name}"`, error => {
    lost = new Error('Cannot go on: the lock of this gateway was lost, so another updater may hold it', {
      cause: error,
    })
    stopped.abort(lost.message)
  })
  try {
    const nginx = (await findProgram('nginx', context.env)) ?? 'nginx'
    const gateway = await openGateway({ directory, nginx, env: context.env, clock: systemClock })
    const { alive } = connectServiceManager(context.env, systemClock)
    const slurm = openSlurm({ env: context.env })
    const ending = AbortSignal.any([context.signal, stopped.signal])
    for (let current: Config | undefined = config; current !== undefined; ) {
      const next = rereadOnHangup(current, options, context)
      const signal = AbortSignal.any([ending, next.signal])
      await runUpdater({ config: current, gateway, slurm, print: context.warn, alive, signal })
      current = ending.aborted ? undefined : next.stop()
    }
  } finally {
    if (lost === undefined) await lock.release()
  }
  if (lost !== undefined) throw lost
}

/**
 * SIGHUP re-reads sluice.yaml: checked, or the old one stays (rule 13). The signal aborts when there is a new one to run;
 * nginx serves on meanwhile, and everything else is rebuilt from Slurm and the registry.
 */
function rereadOnHangup(current: Config, options: ConfigOptions, context: Context) {
  const reread = new AbortController()
  let next: Config | undefined
  const forget = context.onHangup(async () => {
    try {
      const { config } = await loadConfig(options, context)
      if (FIXED.some(key => key(config) !== key(current)))
        throw new UserError(
          'Cannot take the new sluice.yaml: site, shared, gateway.name and gateway.state need a restart',
        )
      next = config
      reread.abort('SIGHUP: sluice.yaml was read again')
    } catch (error) {
      context.warn(`${error instanceof Error ? error.message : String(error)}\nThe old configuration stays`)
    }
  })
  return {
    signal: reread.signal,
    stop: () => {
      forget()
      return next
    },
  }
}

/** What the lock, the registry and the running nginx hang on. */
const FIXED = [
  (config: Config) => config.site,
  (config: Config) => config.shared,
  (config: Config) => config.gateway.name,
  (config: Config) => config.gateway.state,
]
