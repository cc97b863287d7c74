import { isDeepStrictEqual } from 'node:util'
import { REGISTRY_VERSION } from '../domain/endpoint.ts'
import type { GatewayModel } from '../domain/gateway-model.ts'
import type { JobView } from '../domain/job-view.ts'
import type { Clock } from '../system/clock.ts'
import type { GatewayEffects, NetworkEffects, RecordEvent, RegistryEffects, SlurmEffects } from './effects.ts'
import { type Absences, countAbsences, forgottenIds } from './forgotten.ts'
import { createKnownKeys } from './known-keys.ts'
import {
  compare,
  difference,
  idsOf,
  type Plan,
  planGateway,
  type TierFrame,
  tierChanges,
  union,
  withoutAdditions,
} from './plan.ts'
import { createReporter } from './reporter.ts'
import { type SeenMap, see } from './seen.ts'
import type { Poll } from './standing.ts'

export interface UpdaterOptions {
  readonly gatewayName: string
  readonly listen: number
  readonly tiers: readonly TierFrame[]
  readonly networks: readonly string[]
  readonly scanMs: number
  readonly squeueMs: number
  readonly beatMs: number
  readonly leaseMs: number
  /** A job that Sluice submitted for this site: the account may have others. */
  readonly isOurs: (job: JobView) => boolean
  readonly registry: RegistryEffects
  readonly gateway: GatewayEffects
  /** Undefined: there is no Slurm. Nothing is polled, and engines are reached on loopback only. */
  readonly slurm: SlurmEffects | undefined
  readonly network: NetworkEffects
  readonly record: RecordEvent
  /** Called each time that the loop has gone round. */
  readonly alive: () => void
  readonly clock: Clock
  /** 0 to 1, for the jitter of polls. */
  readonly random: () => number
  readonly signal: AbortSignal
}

export interface Updater {
  /** Something may have changed: look now instead of at the next scan. */
  wake(): void
  /** Resolves when the signal has aborted and nothing is under way. nginx goes on. */
  run(): Promise<void>
}

/** Additions keep this far apart, so that a tier that comes up costs few reloads; withdrawals never wait. */
const ADDITIONS_APART_MS = 1_000
/** How often a gateway that should be right is asked whether it is: a killed nginx is started again. */
const CHECK_MS = 5_000
const LONGEST_RETRY_MS = 60_000
/** A poll that keeps failing is asked for less and less often, up to this many intervals. */
const LONGEST_BACKOFF = 16
/** Beats that are read this many intervals late were not watched meanwhile (rule 6). */
const LATE_BEATS = 2
/** A suspect that took a connection is tried again after this share of the lease. */
const PROBE_AGAIN = 0.5

/**
 * A run whose credential was made in the second in which that of the run before was revoked, or earlier, is refused by its
 * node, and the job has failed for good ("Job credential revoked"): slurmd compares whole seconds of slurmctld's clock.
 */
const RELEASE_AFTER_MS = 2_000

/** Without what it printed: that may differ each time, and `sluice status` shows it. */
const UNREAD = 'Cannot read all that squeue prints; a job that it does not name is not taken for gone'

export function createUpdater(options: UpdaterOptions): Updater {
  const { registry, gateway, slurm, network, clock, signal } = options
  const report = createReporter(options.record)
  const keys = createKnownKeys(registry.keptKey)
  let seen: SeenMap = new Map()
  let isScanned = false
  let beatsAt: number | undefined
  let poll: Poll | undefined
  let absences: Absences = new Map()
  const probes = new Map<string, { connects: boolean; at: number } | 'asking'>()
  const addresses = new Map<string, readonly string[] | 'asking'>()
  /** Runs that were made eligible, as job/restarts: each once. */
  const released = new Set<string>()
  /** What the running nginx may reach, by tier: never less than the truth. */
  let reached: Record<string, string[]> = {}
  let running: GatewayModel | undefined
  let generation = 0
  let beat = 0
  let writtenRoutes = ''
  let beatAt = Number.NEGATIVE_INFINITY
  let changedAt = Number.NEGATIVE_INFINITY
  let checkedAt = Number.NEGATIVE_INFINITY
  let failures = 0
  let retryAt = 0
  let woken = new AbortController()

  const wake = () => woken.abort()

  return { wake, run }

  async function run(): Promise<void> {
    signal.addEventListener('abort', wake, { once: true })
    await recall()
    const polling = slurm === undefined ? undefined : keepPolling(slurm)
    let scanning: Promise<void> | undefined
    while (!signal.aborted) {
      woken = new AbortController()
      scanning ??= scan().finally(() => {
        scanning = undefined
      })
      // A directory that hangs holds up neither Slurm's word nor what trying a port gave.
      await Promise.race([scanning, aborted(woken.signal)])
      await settle()
      options.alive()
      await clock.sleep(options.scanMs, woken.signal)
    }
    await polling
  }

  /** What nginx may reach from before we started: by its own word, or by what routes/ says when it gives none. */
  async function recall(): Promise<void> {
    try {
      const before = await gateway.running(signal)
      if (before === undefined) return
      keys.remember(before.keys)
      running = before.model
      generation = before.generation
      reached = idsOf(before.model)
    } catch (error) {
      report.state('gateway', `Cannot find out what nginx serves: ${wordsOf(error)}`)
      const routes = await registry.routes().catch(() => undefined) // an unreadable registry is told by the first scan
      reached = routes?.get(options.gatewayName)?.tiers ?? {}
    }
  }

  /** Beats move every few seconds: reading them with every scan would be most of what this process asks of the share. */
  async function scan(): Promise<void> {
    const beats = beatsAt === undefined || clock.now() - beatsAt >= options.beatMs
    try {
      const found = await registry.scan({ beats })
      const unread = await keys.learn(found.endpoints)
      report.state('keys', unread && `${unread}; engines that ask for that key are not added meanwhile`)
      const now = clock.now()
      // The first scan follows no other; its endpoints begin their leases in it.
      const sinceLastMs = beatsAt === undefined ? 0 : now - beatsAt
      const longestMs = LATE_BEATS * (options.beatMs + options.scanMs)
      seen = see(seen, found, now, beats ? { sinceLastMs, longestMs } : undefined)
      if (beats) beatsAt = now
      isScanned = true
      report.problems(found.problems)
      report.state('registry', undefined)
    } catch (error) {
      report.state('registry', `Cannot read the registry: ${wordsOf(error)}; the last routes stay`)
    }
  }

  /** Plans from all that is known and brings nginx and routes/ to it. */
  async function settle(): Promise<void> {
    // Before the first scan nothing is known: an empty registry is not the same as an unread one (rule 1).
    if (!isScanned) return
    const plan = planGateway({ listen: options.listen, tiers: options.tiers }, seen, {
      poll,
      connects: id => {
        const probe = probes.get(id)
        return probe === undefined || probe === 'asking' ? undefined : probe.connects
      },
      addressesOf: node => {
        const known = addresses.get(node)
        return known === undefined || known === 'asking' ? undefined : known
      },
      knowsKey: keys.knows,
      isRouted: id => Object.values(reached).some(ids => ids.includes(id)),
      networks: options.networks,
      ownAddresses: network.ownAddresses(),
      loopbackOnly: slurm === undefined,
      leaseMs: options.leaseMs,
    })
    report.standings(plan.standings)
    tryPorts(plan)
    resolveNodes()
    await bring(plan.model)
    await writeRoutes(clock.now() - beatAt >= options.beatMs)
  }

  async function bring(model: GatewayModel): Promise<void> {
    const now = clock.now()
    const changed = !isDeepStrictEqual(model, running)
    if (!changed && now - checkedAt < CHECK_MS) return
    if (failures > 0 && now < retryAt) return
    const target = await allow(model)
    if (target === undefined) return
    checkedAt = now
    const outcome = await gateway.apply(target, signal, keys.neededBy(target))
    if (outcome.status === 'failed') {
      running = undefined // not known to be anything: equality must not hide the failure
      failures += 1
      retryAt = clock.now() + Math.min(LONGEST_RETRY_MS, 1_000 * 2 ** (failures - 1))
      report.state(
        'gateway',
        `Cannot ${outcome.step}: ${outcome.message}${outcome.restored ? '' : '; nginx may not be serving'}`,
      )
      return
    }
    failures = 0
    const before = running === undefined ? undefined : idsOf(running)
    running = target
    generation = outcome.generation
    reached = idsOf(target)
    for (const { tier, event } of before === undefined ? [] : tierChanges(before, reached)) {
      options.record(`tier ${event}`, { tier })
    }
    if (outcome.status === 'applied') {
      changedAt = clock.now()
      options.record('routes changed', {
        generation,
        reloadMs: Math.round(outcome.reloadMs),
        ...difference(before ?? {}, reached),
      })
    }
    report.state('gateway', undefined)
  }

  /**
   * The part of a model that may be applied now. An id stands in routes/ before nginx may reach it: where that cannot be
   * written nothing is added. Undefined: nothing to do yet.
   */
  async function allow(model: GatewayModel): Promise<GatewayModel | undefined> {
    if (!compare(reached, model).adds) return model
    const withdrawals = withoutAdditions(model, reached)
    const meanwhile = running === undefined || compare(reached, withdrawals).drops ? withdrawals : undefined
    const apart = changedAt + ADDITIONS_APART_MS - clock.now()
    if (apart > 0) {
      void clock.sleep(apart, signal).then(wake)
      return meanwhile
    }
    const before = reached
    reached = union(reached, idsOf(model))
    if (await writeRoutes(true)) return model
    reached = before
    return meanwhile
  }

  /** True when routes/ says what `reached` says. */
  async function writeRoutes(always: boolean): Promise<boolean> {
    const text = JSON.stringify([generation, reached])
    if (text === writtenRoutes && !always) return true
    const changed = text !== writtenRoutes
    beat += 1
    try {
      const routes = {
        version: REGISTRY_VERSION,
        gateway: options.gatewayName,
        beat,
        generation,
        tiers: reached,
      } as const
      await registry.writeRoutes(routes, { flush: changed })
      writtenRoutes = text
      beatAt = clock.now()
      report.state('routes', undefined)
      return true
    } catch (error) {
      report.state('routes', `Cannot write the routes file: ${wordsOf(error)}; nothing is added meanwhile`)
      return false
    }
  }

  async function keepPolling(slurm: SlurmEffects): Promise<void> {
    let backoff = 1
    let lastStartedAt: number | undefined
    while (!signal.aborted) {
      const startedAt = clock.now()
      const answer = await slurm.jobs()
      if ('jobs' in answer) {
        backoff = 1
        poll = { startedAt, jobs: new Map(answer.jobs.map(job => [job.id, job])), complete: answer.complete }
        absences = countAbsences(absences, seen, poll, lastStartedAt === undefined ? 0 : startedAt - lastStartedAt)
        lastStartedAt = startedAt
        report.state('squeue', answer.complete ? undefined : UNREAD)
        wake()
        await removeForgotten()
        await releaseRequeued(answer.jobs, slurm)
      } else {
        lastStartedAt = undefined // the time until the next answer is not time that Slurm was seen
        report.state('squeue', `${answer.message}; nothing is withdrawn for it`)
        backoff = Math.min(LONGEST_BACKOFF, 2 * backoff)
      }
      const jitter = 0.9 + 0.2 * options.random()
      await clock.sleep(options.squeueMs * backoff * jitter, signal)
    }
  }

  async function removeForgotten(): Promise<void> {
    for (const id of forgottenIds(absences)) {
      const removed = await registry.remove(id).then(
        () => true,
        () => false, // the next poll tries again
      )
      if (removed)
        options.record('files removed', {
          id,
          reason: 'Its run has been over for an hour: Slurm has forgotten the job, or runs it anew',
        })
    }
  }

  /** Slurm holds a requeued job for cred_expire, two minutes by default; its owner may undo that (reference: slurm.conf(5)). */
  async function releaseRequeued(jobs: readonly JobView[], slurm: SlurmEffects): Promise<void> {
    const isHeld = (job: JobView) => job.state === 'pending' && job.reason === 'BeginTime' && job.restarts > 0
    const held = jobs.filter(job => isHeld(job) && options.isOurs(job) && !released.has(runOf(job)))
    if (held.length === 0) return
    await clock.sleep(RELEASE_AFTER_MS, signal)
    for (const job of signal.aborted ? [] : held) {
      released.add(runOf(job))
      options.record('released', { job: job.id, restarts: job.restarts, message: await slurm.releaseBeginTime(job.id) })
    }
  }

  /** Tries the port of every suspect, in the background. */
  function tryPorts(plan: Plan): void {
    for (const id of probes.keys()) {
      if ((seen.get(id)?.lease.stillMs ?? 0) < options.leaseMs) probes.delete(id)
    }
    for (const [id, { endpoint, lease }] of seen) {
      if (lease.stillMs < options.leaseMs || endpoint.state !== 'ready') continue
      const probe = probes.get(id)
      const standing = plan.standings.get(id)
      const dead = probe !== undefined && probe !== 'asking' && !probe.connects
      if (probe === 'asking' || (standing?.routed !== true && !dead)) continue
      if (probe !== undefined && clock.now() - probe.at < PROBE_AGAIN * options.leaseMs) continue
      void tryPort(id, endpoint.url)
    }
  }

  async function tryPort(id: string, url: string | null): Promise<void> {
    const [address, port] = (url ?? '').slice('http://'.length).split(':')
    if (address === undefined || port === undefined) return
    probes.set(id, 'asking')
    const connects = await network.connects(address, Number(port))
    probes.set(id, { connects, at: clock.now() })
    wake()
  }

  /** Looks up the nodes that endpoints name, each once; one that cannot be resolved is asked for again at the next scan. */
  function resolveNodes(): void {
    const nodes = new Set([...seen.values()].map(({ endpoint }) => endpoint.job.node))
    for (const node of addresses.keys()) if (!nodes.has(node)) addresses.delete(node)
    for (const node of nodes) {
      if (addresses.has(node)) continue
      addresses.set(node, 'asking')
      void network.resolve(node).then(found => {
        // Waking for what is still not known would ask for it again at once, and again.
        if (found === undefined) return void addresses.delete(node)
        addresses.set(node, found)
        wake()
      })
    }
  }
}

function runOf(job: JobView): string {
  return `${job.id}/${job.restarts}`
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
