import type { DrivenGateway } from '../../adapters/gateway/gateway-ipc.ts'
import { openJournal } from '../../adapters/registry/journal.ts'
import { openRegistry } from '../../adapters/registry/open-registry.ts'
import type { Slurm } from '../../adapters/slurm/slurm.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { createSerialQueue } from '../../adapters/system/serial-queue.ts'
import { thisBuild } from '../../adapters/system/this-build.ts'
import type { Config } from '../../core/config/schema.ts'
import type { LogLevel } from '../../core/domain/log-level.ts'
import { COMMAND_DEADLINE_MS } from '../../core/domain/shared-deadline.ts'
import { type Look, lookOnce } from './look-once.ts'
import { createReporter } from './reporter.ts'
import { createRouting } from './routing.ts'
import { networkEffects, siteSettings, slurmEffects } from './site-effects.ts'

export interface OnceOptions {
  readonly config: Config
  readonly gateway: Pick<DrivenGateway, 'running'>
  /** Undefined: there is no Slurm. */
  readonly slurm: Slurm | undefined
  readonly signal: AbortSignal
}

/** One look at the site; writes nothing. */
export async function lookAtSite({ config, gateway, slurm, signal }: OnceOptions): Promise<Look> {
  const registry = openRegistry(config.shared, createSerialQueue(systemClock, COMMAND_DEADLINE_MS))
  try {
    return await lookOnce({
      ...siteSettings(config),
      ...{ registry, gateway, slurm: slurm && slurmEffects(slurm, signal), clock: systemClock, signal },
      network: networkEffects(config, slurm, signal),
    })
  } finally {
    void registry.close().catch(() => undefined) // not awaited: a hanging share keeps the thread until it answers
  }
}

/**
 * One round: looks, then brings nginx and routes/ to the plan.
 *
 * @throws when nginx or routes/ is not as planned after it
 */
export async function runOnce({
  print,
  level,
  gateway,
  ...options
}: OnceOptions & { gateway: DrivenGateway; print(line: string): void; level: LogLevel }): Promise<void> {
  const { config, signal } = options
  const look = await lookAtSite({ ...options, gateway })
  const serialQueue = createSerialQueue(systemClock, COMMAND_DEADLINE_MS)
  const registry = openRegistry(config.shared, serialQueue)
  const writer = `updater-${config.gateway.name}`
  const journal = openJournal({ shared: config.shared, writer, print, level }, systemClock, serialQueue)
  /** By `what`, without those that have recovered. */
  const troubles = new Map<string, string>()
  const record: typeof journal.record = (event, detail) => {
    journal.record(event, detail)
    const what = String(detail['what'])
    if (event === 'trouble') troubles.set(what, String(detail['message']))
    if (event === 'recovered') troubles.delete(what)
  }
  try {
    const settings = siteSettings(config)
    const routing = createRouting({
      ...{ gatewayName: settings.gatewayName, beatMs: settings.beatMs, gateway, record, clock: systemClock, signal },
      registry: {
        routes: registry.routes,
        writeRoutes: (routes, flush) => registry.writeRoutes({ ...routes, build: thisBuild() }, flush),
      },
      report: createReporter(record),
      wake: () => undefined,
      wordsRest: false,
    })
    for (const message of look.troubles) journal.record('trouble', { what: 'look', message })
    await registry.make()
    await routing.recall()
    await routing.bring(look.plan.model, look.keysOf)
  } finally {
    await journal.close()
    void registry.close().catch(() => undefined) // as above
  }
  const [left] = troubles.values()
  if (left !== undefined) throw new Error(left)
}
