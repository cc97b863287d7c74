import type { DrivenGateway } from '../../adapters/gateway/gateway-ipc.ts'
import { createUpdaterMetrics } from '../../adapters/metrics/metrics.ts'
import { serveMetrics } from '../../adapters/metrics/metrics-server.ts'
import { notify } from '../../adapters/metrics/notify.ts'
import { openJournal } from '../../adapters/registry/journal.ts'
import { openRegistry } from '../../adapters/registry/open-registry.ts'
import { localFilesystem, watchEndpoints } from '../../adapters/registry/watch.ts'
import type { Slurm } from '../../adapters/slurm/slurm.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { newestLines } from '../../adapters/system/file-follower.ts'
import { createSerialQueue } from '../../adapters/system/serial-queue.ts'
import { thisBuild } from '../../adapters/system/this-build.ts'
import type { Config } from '../../core/config/schema.ts'
import { messageOf } from '../../core/domain/caught.ts'
import type { LogLevel } from '../../core/domain/log-level.ts'
import { SERVICE_DEADLINE_MS } from '../../core/domain/shared-deadline.ts'
import { createUpdater } from './loop.ts'
import { observeUpdater } from './observe.ts'
import { createSummaryPublisher } from './publish-summary.ts'
import { networkEffects, siteSettings, slurmEffects } from './site-effects.ts'
import { traceUpdater } from './trace.ts'

export interface UpdaterRun {
  readonly config: Config
  /** Opened on a directory whose lock we hold. */
  readonly gateway: DrivenGateway
  /** Its nginx's access log; undefined: it cannot be read, and no engine is set aside for its answers. */
  readonly accessLog?: string | undefined
  /** Undefined: there is no Slurm. */
  readonly slurm: Slurm | undefined
  /** Receives each event of the level as a line of JSON. */
  print(line: string): void
  readonly level?: LogLevel
  /** Called after each round of the loop. */
  readonly alive?: () => void
  readonly signal: AbortSignal
}

/** The updater with its adapters, until the signal; nginx goes on serving after it. */
export async function runUpdater({
  config,
  gateway: nginx,
  accessLog,
  slurm,
  print,
  level = 'info',
  alive = () => undefined,
  signal,
}: UpdaterRun): Promise<void> {
  const { gateway, shared } = config
  const serialQueue = createSerialQueue(systemClock, SERVICE_DEADLINE_MS)
  const registry = openRegistry(shared, serialQueue)
  const writer = `updater-${gateway.name}`
  const journal = openJournal({ shared, writer, print, level }, systemClock, serialQueue)
  const log = (change: { tier: string; event: 'down' | 'up' }) => {
    if (config.notify === undefined) return
    void notify(config.notify, { site: config.site, gateway: gateway.name, ...change })
      .then(trouble => {
        if (trouble !== undefined) journal.record('trouble', { what: 'notify', message: trouble })
      })
      .catch(error => journal.record('trouble', { what: 'notify', message: messageOf(error) }))
  }
  const metrics = createUpdaterMetrics({ version: VERSION, site: config.site, gateway: gateway.name })
  if (gateway.metricsPort !== undefined) {
    await serveMetrics(gateway.metricsPort, metrics.render, signal).catch(error =>
      journal.record('trouble', { what: 'metrics', message: error.message }),
    )
  }
  const observed = observeUpdater(
    {
      registry: {
        ...registry,
        writeRoutes: (routes, flush) => registry.writeRoutes({ ...routes, build: thisBuild() }, flush),
        removeExpired: isAlive => registry.removeExpired(gateway.name, isAlive),
      },
      gateway: nginx,
      slurm: slurm && slurmEffects(slurm, signal),
      record(event, detail) {
        journal.record(event, detail)
        if (event === 'tier down') log({ tier: String(detail['tier']), event: 'down' })
        if (event === 'tier up') log({ tier: String(detail['tier']), event: 'up' })
      },
    },
    metrics,
    registry.drainOutcome,
    systemClock,
  )
  const traced = level === 'debug' ? traceUpdater(observed, journal.debug, systemClock) : observed
  const summary = createSummaryPublisher(config, traced, registry.writeSummary, systemClock)
  const loop = createUpdater({
    ...summary.effects,
    ...siteSettings(config),
    network: networkEffects(config, slurm, signal),
    traffic: accessLog === undefined ? undefined : { lines: trafficOf(accessLog) },
    alive,
    clock: systemClock,
    random: Math.random,
    signal,
  })
  loop.jobPoller?.subscribe('summary', summary.hear)

  await registry.make().catch(error => journal.record('trouble', { what: 'registry', message: messageOf(error) }))
  const filesystem = config.watch
    ? await serialQueue.run('look at the shared directory', () => localFilesystem(shared)).catch(unknown)
    : undefined
  journal.record('updater started', { gateway: gateway.name, shared, watches: filesystem ?? null, pid: process.pid })
  if (filesystem !== undefined) {
    watchEndpoints(
      shared,
      loop.wake,
      error => journal.record('trouble', { what: 'watch', message: messageOf(error) }),
      signal,
    )
  }
  // A `sluice up` belongs to one account, so it has no summary for others.
  const over = new AbortController()
  const publishing = slurm === undefined ? undefined : summary.keepPublishing(AbortSignal.any([signal, over.signal]))
  try {
    await loop.run()
  } catch (error) {
    if (!signal.aborted) throw error // the next start repeats work that the signal cut short
  } finally {
    over.abort()
    await publishing
    journal.record('updater ended', { gateway: gateway.name, reason: String(signal.reason) })
    await journal.close()
    void registry.close().catch(() => undefined) // not awaited: a hanging share keeps the thread until it answers
  }
}

/** Reads only lines that are logged from now on: earlier ones may be of earlier engines. */
function trafficOf(accessLog: string): () => Promise<readonly string[]> {
  const log = newestLines(accessLog)
  return () => log.read()
}

declare const VERSION: string

// A share that does not answer is not watched; the scan decides anyway ("events only wake", docs/design/rules.md).
function unknown(): undefined {
  return undefined
}
