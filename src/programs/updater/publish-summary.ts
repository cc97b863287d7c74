import { hostname, userInfo } from 'node:os'
import type { openRegistry } from '../../adapters/registry/open-registry.ts'
import { tierOfComment } from '../../adapters/slurm/submission-comment.ts'
import type { Clock } from '../../adapters/system/clock.ts'
import { createStillness } from '../../adapters/system/stillness.ts'
import type { Config } from '../../core/config/schema.ts'
import { messageOf } from '../../core/domain/caught.ts'
import type { GatewayRoutes } from '../../core/domain/routes-file.ts'
import { reportStatus, type StatusFacts } from '../../core/status/status.ts'
import { formatSummary } from '../../core/status/status-summary.ts'
import { statusTiers } from '../../core/status/tier-url.ts'
import type { RecordEvent, RegistryEffects } from './effects.ts'
import type { JobRound, JobSubscriber } from './job-subscribers.ts'

/** Summaries take at most half a percent of the updater's time, unless that would make them older than a minute. */
const PAUSE_OVER_COST = 200
const LONGEST_PAUSE_MS = 60_000

interface Overheard {
  readonly registry: RegistryEffects
  readonly record: RecordEvent
}

export interface SummaryPublisher<E extends Overheard> {
  /** The same effects; their results are remembered. */
  readonly effects: E
  /** Remembers what squeue gave. */
  readonly hear: JobSubscriber
  /** Writes a summary with each beat, or less often where that costs much, until the signal aborts; never rejects. Its last one is left, and grows old. */
  keepPublishing(signal: AbortSignal): Promise<void>
}

/**
 * `status/<gateway>.json`, for accounts that may not read the registry. It is made from the results that the updater has anyway,
 * without further queries. Text of squeue and of the filesystem is not passed on.
 */
export function createSummaryPublisher<E extends Overheard>(
  config: Config,
  effects: E,
  write: ReturnType<typeof openRegistry>['writeSummary'],
  clock: Clock,
): SummaryPublisher<E> {
  const { gateway, site, timing } = config
  const beatMs = timing.beatSeconds * 1_000
  const stillness = createStillness(clock, 3 * beatMs)
  const routabilities = new Map<string, string>()
  let registry: StatusFacts['registry'] | undefined
  let jobs: StatusFacts['jobs'] = { unknown: 'Slurm has not been asked yet' }
  let routes: GatewayRoutes | undefined
  let beat = 0
  let pauseMs = beatMs
  let trouble: string | undefined

  return {
    effects: {
      ...effects,
      registry: {
        ...effects.registry,
        async scan(options) {
          try {
            const found = await effects.registry.scan(options)
            registry = { value: found }
            return found
          } catch (error) {
            registry = { unknown: 'The updater cannot read the registry' }
            throw error
          }
        },
        async writeRoutes(written, options) {
          await effects.registry.writeRoutes(written, options)
          routes = written
        },
      },
      record(event, detail) {
        effects.record(event, detail)
        if (event === 'standing') routabilities.set(String(detail['id']), String(detail['standing']))
      },
    },
    hear,
    async keepPublishing(signal) {
      while (!signal.aborted) {
        await clock.sleep(pauseMs, signal)
        if (!signal.aborted && registry !== undefined) await publish(registry)
      }
    },
  }

  function hear(round: JobRound): void {
    if ('unknown' in round) {
      jobs = { unknown: 'Slurm does not answer the updater' }
      return
    }
    const { complete, jobs: polled } = round.poll
    const all = [...polled.values()].map(job => ({ tier: tierOfComment(job.comment, site), job }))
    const ours = all.flatMap(({ tier, job }) => (tier === undefined ? [] : [{ tier, job }]))
    const others = all.flatMap(({ tier, job }) => (tier === undefined ? [job] : []))
    jobs = { value: { jobs: ours, others, complete } }
  }

  /** No failure of a summary ends the updater. */
  async function publish(scanned: StatusFacts['registry']): Promise<void> {
    const now = await Promise.resolve()
      .then(() => write(gateway.name, timedSummaryOf(scanned)))
      .then(() => undefined, messageOf)
    if (now !== undefined && now !== trouble) {
      effects.record('trouble', { what: 'summary', message: `${now}; other accounts see an old summary` })
    }
    trouble = now
  }

  /** For thousands of jobs a summary takes a tenth of a second of this process; then they are written less often. */
  function timedSummaryOf(scanned: StatusFacts['registry']): string {
    const begunAt = clock.now()
    const text = summaryOf(scanned)
    pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(beatMs, PAUSE_OVER_COST * (clock.now() - begunAt)))
    return text
  }

  function summaryOf(scanned: StatusFacts['registry']): string {
    const found = 'value' in scanned ? scanned.value : undefined
    const ids = new Set(found?.endpoints.map(one => one.id))
    if (found !== undefined) for (const id of routabilities.keys()) if (!ids.has(id)) routabilities.delete(id)
    const report = reportStatus({
      ...{ site, jobs, tiers: statusTiers(config, hostname()) },
      registry: found === undefined ? scanned : { value: { ...found, problems: [] } },
      routes: { value: new Map(routes === undefined ? [] : [[gateway.name, routes]]) },
      routabilities: new Map([[gateway.name, routabilities]]),
      stillMs: stillness.see([...(found?.beats ?? [])].map(([name, one]) => [name, one.beat])),
    })
    const unread = found?.problems.length ?? 0
    const problems = unread === 0 ? [] : [`Files of the registry that cannot be read: ${unread}`]
    beat += 1
    return formatSummary(
      { ...report, problems: [...report.problems, ...problems] },
      {
        ...{ gateway: gateway.name, account: userInfo().username, writtenAt: clock.date().toISOString(), beat },
        ...{ everySeconds: pauseMs / 1_000, leaseSeconds: Math.max(timing.leaseSeconds, (3 * pauseMs) / 1_000) },
      },
    )
  }
}
