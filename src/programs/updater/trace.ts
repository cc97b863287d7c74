import type { Clock } from '../../adapters/system/clock.ts'
import type { GatewayEffects, RecordEvent, RegistryEffects, SlurmEffects } from './effects.ts'

interface Traced {
  readonly registry: RegistryEffects
  readonly gateway: GatewayEffects
  readonly slurm: SlurmEffects | undefined
}

/** The same effects, each call that is worth a line at level `debug` noted with what came of it and how long it took. */
export function traceUpdater<E extends Traced>(effects: E, debug: RecordEvent, clock: Clock): E {
  const { registry, gateway, slurm } = effects
  async function note<T>(event: string, call: Promise<T>, detailOf: (found: T) => object): Promise<T> {
    const startedAt = clock.now()
    const found = await call
    debug(event, { ...detailOf(found), ms: Math.round(clock.now() - startedAt) })
    return found
  }
  return {
    ...effects,
    registry: {
      ...registry,
      scan: options =>
        note('scanned', registry.scan(options), ({ endpoints, problems }) => ({
          ...{ endpoints: endpoints.length, problems: problems.length, beats: options.beats },
        })),
    },
    gateway: {
      ...gateway,
      apply: (...call) => note('applied', gateway.apply(...call), ({ status }) => ({ status })),
    },
    slurm: slurm && {
      ...slurm,
      jobs: () =>
        note('polled', slurm.jobs(), answer =>
          'jobs' in answer ? { jobs: answer.jobs.length, complete: answer.complete } : { message: answer.message },
        ),
    },
  }
}
