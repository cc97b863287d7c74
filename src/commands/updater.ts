import { join } from 'node:path'
import { openGateway } from '../gateway/open-gateway.ts'
import { openSlurm } from '../slurm/open-slurm.ts'
import { systemClock } from '../system/clock.ts'
import { findProgram } from '../system/find-program.ts'
import { holdLock } from '../system/process-lock.ts'
import { stateDirectory } from '../system/user-state.ts'
import type { Context } from './context.ts'
import { loadConfig } from './load-config.ts'
import { runUpdater } from './run-updater.ts'

/** Keeps nginx in step with the registry and Slurm until a signal; nginx goes on serving after it. */
export async function updater(options: { config?: string }, context: Context): Promise<void> {
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
    await runUpdater({
      config,
      gateway: await openGateway({ directory, nginx, env: context.env, clock: systemClock }),
      slurm: openSlurm({ env: context.env }),
      print: context.warn,
      signal: AbortSignal.any([context.signal, stopped.signal]),
    })
  } finally {
    if (lost === undefined) await lock.release()
  }
  if (lost !== undefined) throw lost
}
