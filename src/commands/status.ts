import { hostname } from 'node:os'
import { messageOf } from '../domain/caught.ts'
import { FRESH_LEASE, type Lease, renewLease } from '../domain/lease.ts'
import { isEveryAddress, isIpv6, listenAddress } from '../domain/listen-address.ts'
import { printableLine } from '../domain/printable-text.ts'
import { type GatewayRoutes, isUnderstood } from '../domain/routes-file.ts'
import { fitScreen } from '../reports/fit-screen.ts'
import type { Known, StatusFacts, StatusReport } from '../reports/status.ts'
import { NO_SUCH_JOB, reportStatus } from '../reports/status.ts'
import { type StatusTextOptions, statusLines, statusText } from '../reports/status-text.ts'
import { systemClock } from '../system/clock.ts'
import type { Context } from './context.ts'
import { lastStandings } from './last-standings.ts'
import { printJson } from './line-printer.ts'
import type { ConfigOptions } from './load-config.ts'
import { openSite, type Site } from './open-site.ts'
import { stillUpdaters } from './updater-pulse.ts'

export interface StatusOptions extends ConfigOptions {
  readonly json?: boolean
  /** Look again and again until Ctrl-C. */
  readonly watch?: boolean
}

const LOOK_MS = 2_000
/** squeue(1) asks not to be run in a loop. */
const ASK_SLURM_MS = 15_000
/** A look that comes this much later than planned was no watching (rule 6). */
const LATE_MS = 3 * LOOK_MS

/** `sluice status`: what is known now. What is not known is said, and is no failure. */
export async function status(options: StatusOptions, context: Context): Promise<void> {
  const site = await openSite(options, context)
  const text: StatusTextOptions = {
    time: localTime,
    urlOf: tier => urlOf(site, tier),
    leaseMs: site.config.timing.leaseSeconds * 1_000,
  }
  const beats = createStillness()
  let jobs = await askJobs(site, context)
  if (options.watch !== true) {
    const still = await stillUpdaters(site, systemClock, context.signal).catch(() => new Map()) // told by the look
    const report = await look(site, jobs, beats, new Map([...still].map(([name, { forMs }]) => [name, forMs])))
    if (options.json === true) return printJson(context.print, report)
    for (const line of statusText(report, text)) context.print(line)
    return
  }
  const show = options.json === true ? showJson : context.terminal === undefined ? showChanges(text) : showScreen(text)
  const askedFor = new Set<string>()
  let askedAt = systemClock.now()
  while (!context.signal.aborted) {
    let report = await look(site, jobs, beats)
    const unheard = unknownJobs(report).filter(job => !askedFor.has(job))
    if (unheard.length > 0) {
      // It may have begun after Slurm was asked.
      for (const job of unheard) askedFor.add(job)
      askedAt = systemClock.now()
      jobs = await askJobs(site, context)
      report = await look(site, jobs, beats)
    }
    show(report, context)
    await systemClock.sleep(LOOK_MS, context.signal)
    if (context.signal.aborted || systemClock.now() - askedAt < ASK_SLURM_MS) continue
    askedAt = systemClock.now()
    jobs = await askJobs(site, context)
  }
}

/** Of which there are endpoints, and of which Slurm has said that it has none. */
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
    tiers: Object.entries(config.tiers).map(([name, { path, replicas }]) => ({ name, path, wanted: replicas })),
    jobs,
    registry: scan,
    routes,
    standings: await lastStandings(site).catch(() => undefined), // an unreadable directory is told by the registry
    stillMs: new Map([...seenStill, ...beats.see(counters)]),
  })
}

/** As this machine would be asked, where the gateway listens everywhere. */
function urlOf({ config }: Site, tier: string): string {
  const { gatewayPort, path = '' } = config.tiers[tier] ?? {}
  const at = listenAddress(gatewayPort ?? config.gateway.listen)
  const address = isEveryAddress(at) ? hostname() : at.address
  const place = `http://${isIpv6(address) ? `[${address}]` : address}:${at.port}`
  return gatewayPort === undefined ? `${place}${path.replace(/\/$/, '')}` : place
}

function beatOf(routes: GatewayRoutes): number | undefined {
  return isUnderstood(routes) ? routes.beat : undefined
}

function known<T>(what: string, answer: Promise<T>): Promise<Known<T>> {
  return answer.then(
    value => ({ value }),
    error => ({ unknown: `${what}: ${messageOf(error)}` }),
  )
}

interface Stillness {
  /** For how long each counter was seen to stand still; nothing is said of one that is new. */
  see(counters: readonly (readonly [string, number | undefined])[]): ReadonlyMap<string, number>
}

function createStillness(): Stillness {
  let leases = new Map<string, Lease>()
  let seenAt: number | undefined
  return {
    see(counters) {
      const now = systemClock.now()
      const sinceLastMs = seenAt === undefined ? 0 : now - seenAt
      seenAt = now
      const before = leases
      leases = new Map(
        counters.map(([name, beat]) => [
          name,
          renewLease(before.get(name) ?? { ...FRESH_LEASE, beat }, beat, sinceLastMs, LATE_MS),
        ]),
      )
      return new Map([...leases].filter(([name]) => before.has(name)).map(([name, lease]) => [name, lease.stillMs]))
    },
  }
}

type Show = (report: StatusReport, context: Context) => void

const showJson: Show = (report, { print }) => print(JSON.stringify(report))

/** Redraws. */
function showScreen(options: StatusTextOptions): Show {
  return (report, { print, terminal }) => {
    const lines = fitScreen(statusText(report, options).map(printableLine), {
      columns: terminal?.columns ?? 80,
      rows: terminal?.rows ?? 1_000,
    })
    terminal?.clear()
    for (const line of lines) print(line)
  }
}

/** A line for each replica that is new, has changed or has gone. */
function showChanges(options: StatusTextOptions): Show {
  let before: ReadonlyMap<string, string> = new Map()
  let problems: readonly string[] = []
  return (report, { print }) => {
    const lines = statusLines(report, options)
    for (const [key, line] of lines) if (before.get(key) !== line) print(line)
    for (const key of before.keys()) if (!lines.has(key)) print(`${key}  gone`)
    for (const problem of report.problems) if (!problems.includes(problem)) print(problem)
    before = lines
    problems = report.problems
  }
}

/** `2026-01-31 12:00:00` where we are. */
function localTime(epochSeconds: number): string {
  const date = new Date(epochSeconds * 1_000)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`
}
