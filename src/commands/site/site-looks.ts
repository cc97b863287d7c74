import { hostname } from 'node:os'
import { systemClock } from '../../adapters/system/clock.ts'
import { createStillness, type Stillness } from '../../adapters/system/stillness.ts'
import type { Context } from '../../core/context.ts'
import { codeOf, messageOf } from '../../core/domain/caught.ts'
import { type GatewayRoutes, isUnderstood } from '../../core/domain/routes-file.ts'
import { type Known, reportStatus, type StatusFacts } from '../../core/status/status.ts'
import { NO_SUCH_JOB, type StatusReport } from '../../core/status/status-report.ts'
import { statusTiers } from '../../core/status/tier-url.ts'
import { lastRoutabilities } from './last-routabilities.ts'
import type { Site } from './open-site.ts'
import { stillUpdaters } from './updater-pulse.ts'

/** The source of `sluice status`, for one look or many. */
export interface Looks {
  readonly leaseMs: number
  /** The only look: waits long enough to see which beats stand still. */
  once(): Promise<StatusReport>
  /** One of many looks, two seconds apart, which show that together. */
  again(): Promise<StatusReport>
}

export const LOOK_MS = 2_000
/** squeue(1) asks not to be run in a loop. */
const ASK_SLURM_MS = 15_000
/** Time before a look that is this late does not count as observed ("no foreign clocks", docs/design/rules.md). */
const LATE_MS = 3 * LOOK_MS

/** For the site's own account: reads Slurm and the registry directly. */
export function siteLooks(site: Site, context: Context): Looks {
  const beats = createStillness(systemClock, LATE_MS)
  const askedFor = new Set<string>()
  let jobs: StatusFacts['jobs'] | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  const ask = async () => {
    askedAt = systemClock.now()
    return askJobs(site, context)
  }
  return {
    leaseMs: site.config.timing.leaseSeconds * 1_000,
    async once() {
      const answer = await askJobs(site, context)
      const still = await stillUpdaters(site, systemClock, context.signal).catch(() => new Map()) // the look reports it
      return look(site, answer, beats, new Map([...still].map(([name, { forMs }]) => [name, forMs])))
    },
    async again() {
      if (jobs === undefined || systemClock.now() - askedAt >= ASK_SLURM_MS) jobs = await ask()
      const report = await look(site, jobs, beats)
      const unheard = unknownJobs(report).filter(job => !askedFor.has(job))
      if (unheard.length === 0) return report
      // The job may have begun after Slurm was asked.
      for (const job of unheard) askedFor.add(job)
      jobs = await ask()
      return look(site, jobs, beats)
    },
  }
}

/** Jobs with endpoints that are missing in Slurm's answer. */
function unknownJobs({ tiers }: StatusReport): readonly string[] {
  const replicas = tiers.flatMap(tier => tier.replicas)
  return replicas.flatMap(({ job, slurm }) => (slurm.known && slurm.state === NO_SUCH_JOB ? [job] : []))
}

async function askJobs(site: Site, context: Context): Promise<StatusFacts['jobs']> {
  const answer = await site.jobs(context.signal)
  return 'unknown' in answer ? answer : { value: answer }
}

async function look(
  site: Site,
  jobs: StatusFacts['jobs'],
  beats: Stillness,
  seenStill: ReadonlyMap<string, number> = new Map(),
): Promise<StatusReport> {
  const { config, registry } = site
  const scan = await known('Cannot read the registry', registry.scan())
  const routes = await known('Cannot read the routes', registry.routes())
  const counters = [
    ...('value' in scan ? [...scan.value.beats].map(([name, { beat }]) => [name, beat] as const) : []),
    ...('value' in routes ? [...routes.value].map(([name, file]) => [name, beatOf(file)] as const) : []),
  ]
  return reportStatus({
    site: config.site,
    tiers: statusTiers(config, hostname()),
    jobs,
    registry: scan,
    routes,
    routabilities: await lastRoutabilities(site).catch(() => undefined), // the registry reports an unreadable directory
    stillMs: new Map([...seenStill, ...beats.see(counters)]),
  })
}

function beatOf(routes: GatewayRoutes): number | undefined {
  return isUnderstood(routes) ? routes.beat : undefined
}

function known<T>(what: string, answer: Promise<T>): Promise<Known<T>> {
  return answer.then(
    value => ({ value }),
    error => ({ unknown: unreadable(what, error) }),
  )
}

/** A new site without jobs has none of the directories. */
export function unreadable(what: string, error: unknown): string {
  const isMissing = [error, error instanceof Error ? error.cause : undefined].some(one => codeOf(one) === 'ENOENT')
  const hint = isMissing ? '; the first job or updater creates it, if the share is mounted' : ''
  return `${what}: ${messageOf(error)}${hint}`
}
