import type { UpdaterMetrics } from '../../adapters/metrics/metrics.ts'
import type { Clock } from '../../adapters/system/clock.ts'
import type { GatewayEffects, RecordEvent, RegistryEffects, SlurmEffects } from './effects.ts'
import { GONE } from './reporter.ts'

interface Observed {
  readonly registry: RegistryEffects
  readonly gateway: GatewayEffects
  readonly slurm: SlurmEffects | undefined
  readonly record: RecordEvent
}

/** The same effects with metrics; the loop is unaware of them. */
export function observeUpdater(
  effects: Observed,
  metrics: UpdaterMetrics,
  drainOutcome: (id: string) => Promise<'idle' | 'deadline' | 'lost'>,
  clock: Clock,
): Observed {
  return {
    registry: {
      ...effects.registry,
      async scan(options) {
        try {
          const found = await effects.registry.scan(options)
          metrics.scanned(found.endpoints, found.problems.length)
          return found
        } catch (error) {
          metrics.scanFailed()
          throw error
        }
      },
      async writeRoutes(routes, options) {
        metrics.routes(routes.tiers)
        return effects.registry.writeRoutes(routes, options)
      },
    },
    gateway: {
      ...effects.gateway,
      async apply(model, signal, keys) {
        const outcome = await effects.gateway.apply(model, signal, keys)
        if (outcome.status === 'applied') metrics.reloaded(outcome.reloadMs / 1_000)
        if (outcome.status === 'failed') metrics.reloadFailed(outcome.step)
        return outcome
      },
    },
    slurm: effects.slurm && observeSlurm(effects.slurm, metrics, clock),
    record(event, detail) {
      effects.record(event, detail)
      const { id, standing } = detail
      if (event !== 'standing' || standing !== GONE || typeof id !== 'string') return
      drainOutcome(id).then(
        outcome => metrics.drained(id.slice(0, id.indexOf('-')), outcome),
        () => undefined, // the next scan reports an unreadable share
      )
    },
  }
}

function observeSlurm(slurm: SlurmEffects, metrics: UpdaterMetrics, clock: Clock): SlurmEffects {
  return {
    ...slurm,
    async jobs() {
      const startedAt = clock.now()
      const answer = await slurm.jobs()
      metrics.polled((clock.now() - startedAt) / 1_000, 'message' in answer)
      return answer
    },
  }
}
