import type { Clock } from '../../adapters/system/clock.ts'
import { rangesOf } from '../../core/domain/address.ts'
import { messageOf } from '../../core/domain/caught.ts'
import type { Endpoint } from '../../core/domain/endpoint.ts'
import type { Waiting } from '../../core/domain/gateway-model.ts'
import type { JobView } from '../../core/domain/job-view.ts'
import { type Listen, listensOf } from '../../core/domain/listen-address.ts'
import { createDeadStreams, deadEndpoints } from './dead-streams.ts'
import { rememberDeparted } from './departed.ts'
import type {
  GatewayEffects,
  NetworkEffects,
  RecordEvent,
  RegistryEffects,
  SlurmEffects,
  TrafficEffects,
} from './effects.ts'
import { createEngineKeyCache } from './engine-key-cache.ts'
import { expireFiles } from './expire-files.ts'
import { createJobPoller, type JobPoller } from './job-poller.ts'
import { createLoads } from './loads.ts'
import { createNodeAddresses } from './node-addresses.ts'
import { type ObservedEndpoints, observeEndpoints } from './observed-endpoints.ts'
import { proven, unasked } from './ownership.ts'
import { type GatewayPlan, planGateway, type StaticTier, staticPartOf } from './plan-gateway.ts'
import { createReleases } from './releases.ts'
import { createReporter } from './reporter.ts'
import type { Poll } from './routability.ts'
import { createRouting } from './routing.ts'
import { createSuspects } from './suspects.ts'
import { watchTraffic } from './traffic.ts'
import { createUnreachable } from './unreachable.ts'
import { type JobWords, waitingOf } from './waiting.ts'

export interface UpdaterOptions {
  readonly gatewayName: string
  readonly listen: Listen
  readonly connectionsPerClient?: number
  readonly tiers: readonly StaticTier[]
  readonly networks: readonly string[]
  readonly scanMs: number
  readonly squeueMs: number
  readonly beatMs: number
  readonly leaseMs: number
  readonly jobWords: JobWords
  readonly registry: RegistryEffects
  readonly gateway: GatewayEffects
  /** Undefined: there is no Slurm. Nothing is polled, and engines are reached on loopback only. */
  readonly slurm: SlurmEffects | undefined
  readonly network: NetworkEffects
  /** Undefined: the outcome of requests is not known, and no engine is set aside. */
  readonly traffic?: TrafficEffects | undefined
  readonly record: RecordEvent
  /** Called after each round of the loop. */
  readonly alive: () => void
  readonly clock: Clock
  /** 0 to 1, for the jitter of polls. */
  readonly random: () => number
  readonly signal: AbortSignal
}

export interface Updater {
  /** A possible change: scan now instead of at the next interval. */
  wake(): void
  /** Runs squeue, also for others, which subscribe to its polls; undefined: there is no Slurm. */
  readonly jobPoller: JobPoller | undefined
  /** Resolves when the signal has aborted and nothing is under way. nginx goes on. */
  run(): Promise<void>
}

/**
 * Beats that are read this many intervals late count as not observed meanwhile ("no foreign clocks", docs/design/rules.md).
 */
const LATE_BEATS = 2
/** After this many intervals without an answer, clients no longer get Slurm's last information. */
const MOST_POLLS = 6

/** Scans, takes the polls of Slurm, plans the whole gateway from all known facts, and applies the plan to nginx and routes/. */
export function createUpdater(options: UpdaterOptions): Updater {
  const { registry, slurm, network, record, leaseMs, clock, signal } = options
  const networks = rangesOf(options.networks)
  let woken = new AbortController()
  let isNews = false
  const wake = () => {
    isNews = true
    woken.abort()
  }
  let endpoints: readonly Endpoint[] | undefined
  let observed: ObservedEndpoints = new Map()
  let departed: ObservedEndpoints = new Map()
  let plan: GatewayPlan | undefined
  let beatsAt: number | undefined
  const report = createReporter(record)
  const keys = createEngineKeyCache(registry.keptKey)
  const unreachable = createUnreachable({ ...options, wake })
  const traffic = watchTraffic({ ...options, report, wake })
  const addresses = createNodeAddresses({ network, clock, wake })
  const routing = createRouting({ ...options, report, wake })
  const suspects = createSuspects({ network, leaseMs, reaches: routing.reaches, clock, wake })
  const loads = createLoads()
  /** The reason for clients of empty tiers, by tier. */
  let words: ReadonlyMap<string, Waiting | undefined> = new Map()
  const deadStreams = createDeadStreams({ gateway: options.gateway, report, record })
  let poll: Poll | undefined
  const jobPoller = slurm && pollJobs(slurm)

  return { wake, jobPoller, run }

  function pollJobs(slurm: SlurmEffects): JobPoller {
    const poller = createJobPoller({ ...options, slurm, report })
    poller.subscribe('routing', round => {
      if ('unknown' in round) return
      poll = round.poll
      wake()
    })
    const around = { ...options, slurm, observed: () => observed }
    poller.subscribe('expired runs', expireFiles(around))
    const isOurs = (job: JobView) => options.jobWords.tierOfJob(job) !== undefined
    poller.subscribe('releases', createReleases({ ...around, isOurs, pollIn: poller.pollIn }))
    return poller
  }

  async function run(): Promise<void> {
    signal.addEventListener('abort', wake, { once: true })
    keys.remember((await routing.recall()) ?? {})
    const asking = jobPoller?.keepPolling()
    const watching = traffic.keepWatching()
    let scanning: Promise<void> | undefined
    while (!signal.aborted) {
      woken = new AbortController()
      scanning ??= scan().finally(() => {
        scanning = undefined
      })
      // A hanging directory delays neither polls of Slurm nor results of port tries.
      await Promise.race([scanning, aborted(woken.signal)])
      await settle()
      options.alive()
      await clock.sleep(options.scanMs, woken.signal)
    }
    await Promise.all([asking, watching])
  }

  /** Beats move every few seconds. Reading them with every scan would be most of this process's load on the share. */
  async function scan(): Promise<void> {
    const beats = beatsAt === undefined || clock.now() - beatsAt >= options.beatMs
    try {
      const found = await registry.scan({ beats })
      const unread = await keys.learn(found.endpoints)
      report.state('keys', unread && `${unread}; engines that require that key are not added meanwhile`)
      const now = clock.now()
      // Endpoints of the first scan begin their leases with it.
      const sinceLastMs = beatsAt === undefined ? 0 : now - beatsAt
      const longestMs = LATE_BEATS * (options.beatMs + options.scanMs)
      if (beats || found.endpoints !== endpoints) {
        const before = observed
        const watched = beats ? { sinceLastMs, longestMs } : undefined
        observed = observeEndpoints(before, found, now, watched)
        loads.note(observed, now)
        departed = rememberDeparted(departed, { before, now: observed, watched, leaseMs })
        isNews = true
      }
      if (beats) beatsAt = now
      endpoints = found.endpoints
      report.problems(found.problems)
      report.state('registry', undefined)
    } catch (error) {
      report.state('registry', `Cannot read the registry: ${messageOf(error)}; the last routes stay`)
    }
  }

  async function settle(): Promise<void> {
    // Before the first scan nothing is known, and an unread registry is not an empty one
    // ("unknown is not none", docs/design/rules.md).
    if (endpoints === undefined) return
    if (plan === undefined || isNews) plan = makePlan()
    await routing.bring(plan.model, keys.neededBy)
    // Only now: a request that is ended before its first byte is tried again, and must not reach the dead endpoint again.
    const around = { connects: suspects.connects, isUnreachable: unreachable.has, leaseMs }
    deadStreams.end(deadEndpoints(everObserved(), plan.routabilities, around))
  }

  /** The loop runs at least with each reading of the beats, so that a change without an event is seen after seconds. */
  function makePlan(): GatewayPlan {
    isNews = false
    const around = {
      poll,
      connects: suspects.connects,
      addressesOf: addresses.of,
      knowsKey: keys.knows,
      isRouted: routing.reaches,
      networks,
      ownAddresses: network.ownAddresses(),
      ownListens: listensOf(options),
      loopbackOnly: slurm === undefined,
      leaseMs,
    }
    const facts = {
      ...{ observed, jobs: options.jobWords, loadMs: loads.lastMs, now: clock.date() },
      poll: poll !== undefined && clock.now() - poll.startedAt < MOST_POLLS * options.squeueMs ? poll : undefined,
    }
    const made = planGateway(staticPartOf(options), observed, around, traffic.shareOf, tier =>
      waitingOf(tier, { ...facts, before: words.get(tier.name) }),
    )
    words = new Map(made.model.tiers.map(({ name, waiting }) => [name, waiting]))
    traffic.among(made.model)
    report.routabilities(made.routabilities)
    suspects.look(everObserved(), made.routabilities)
    addresses.look(proven(observed, poll))
    jobPoller?.ask(unasked(observed, poll))
    unreachable.look(made.model)
    return made
  }

  function everObserved(): ObservedEndpoints {
    return new Map([...departed, ...observed])
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}
