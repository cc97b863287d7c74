import type { Beat } from '../domain/beat.ts'
import { type Endpoint, replicaOf } from '../domain/endpoint.ts'
import { given } from '../domain/given.ts'
import type { JobView } from '../domain/job-view.ts'
import { isHeldByLaunch, launchHoldCure } from '../domain/launch-hold.ts'
import type { Load } from '../domain/load.ts'
import { formatProblem, type Problem } from '../domain/problem.ts'
import { type GatewayRoutes, isUnderstood, names } from '../domain/routes-file.ts'
import { isStuck } from '../explain/waits.ts'
import {
  type AsideBy,
  type EndpointStatus,
  type GatewayStatus,
  NO_SUCH_JOB,
  type ReplicaStatus,
  type SlurmStatus,
  type StatusReport,
  type TierStatus,
} from './status-report.ts'

/** What one look found. Undefined always means: not known ("unknown is not none", docs/design/rules.md). */
export interface StatusFacts {
  readonly site: string
  readonly tiers: readonly {
    readonly name: string
    readonly path: string
    /** The gateway's path or port for it. */
    readonly url: string
  }[]
  /** Our jobs, each with the tier that it was submitted for. */
  readonly jobs: Known<{
    readonly jobs: readonly TierJob[]
    /** Jobs of the same account with another comment. One that has endpoints here is ours: its comment was overwritten. */
    readonly others?: readonly JobView[]
    readonly complete: boolean
  }>
  readonly registry: Known<{
    readonly endpoints: readonly Endpoint[]
    readonly beats: ReadonlyMap<string, Beat>
    readonly problems: readonly Problem[]
  }>
  /** By gateway. */
  readonly routes: Known<ReadonlyMap<string, GatewayRoutes>>
  /** What each updater last reported about each endpoint; undefined: not read. */
  readonly routabilities?: ReadonlyMap<string, ReadonlyMap<string, string>> | undefined
  /** For how long this reader has seen a beat stand still, milliseconds, by replica or gateway; empty at a first look. */
  readonly stillMs: ReadonlyMap<string, number>
}

/** A value, or in words why it is not known. */
export type Known<T> = { readonly value: T } | { readonly unknown: string }

export interface TierJob {
  readonly tier: string
  readonly job: JobView
}

/** The same with an index, because a site may have thousands of jobs. */
interface Facts extends StatusFacts {
  readonly jobOf: (id: string) => JobView | undefined
}

/** Joins what Slurm, the registry and the gateways report. Order: the configuration's tiers, then job ids. */
export function reportStatus(found: StatusFacts): StatusReport {
  const { jobs: ours, others: rest = [] } = 'value' in found.jobs ? found.jobs.value : { jobs: [] }
  const byId = new Map([...rest, ...ours.map(({ job }) => job)].map(job => [job.id, job]))
  const facts: Facts = { ...found, jobOf: id => byId.get(id) }
  const configured = facts.tiers.map(tier => tier.name)
  const endpoints = 'value' in facts.registry ? facts.registry.value.endpoints : []
  const jobs = 'value' in facts.jobs ? facts.jobs.value.jobs : []
  const others = [...jobs.filter(isLive).map(one => one.tier), ...endpoints.map(one => one.tier)]
  const tiers = [...new Set([...configured, ...others.sort()])]
  return {
    site: facts.site,
    tiers: tiers.map(name => tierStatus(name, facts)),
    gateways: 'value' in facts.routes ? [...facts.routes.value].map(entry => gatewayStatus(entry, facts)) : null,
    problems: problemsOf(facts),
  }
}

function tierStatus(name: string, facts: Facts): TierStatus {
  const frame = facts.tiers.find(tier => tier.name === name)
  const jobs = 'value' in facts.jobs ? facts.jobs.value.jobs.filter(one => one.tier === name) : undefined
  const endpoints =
    'value' in facts.registry ? facts.registry.value.endpoints.filter(one => one.tier === name) : undefined
  const count = <T>(list: readonly T[] | undefined, holds: (one: T) => boolean) => list?.filter(holds).length ?? null
  return {
    name,
    path: frame?.path ?? null,
    url: frame?.url ?? null,
    pending: count(jobs, ({ job }) => job.state === 'pending'),
    running: count(jobs, ({ job }) => job.state === 'running'),
    ready: count(endpoints, one => one.state === 'ready' && overBy(one, facts) === undefined),
    draining: count(endpoints, one => one.state === 'draining'),
    replicas: replicasOf(jobs ?? [], endpoints, facts).sort(byJob),
  }
}

/**
 * 1. an endpoint → a row, with Slurm's view of its run
 * 2. a job that has not ended and whose run has no endpoint → a row without one
 */
function replicasOf(
  jobs: readonly TierJob[],
  endpoints: readonly Endpoint[] | undefined,
  facts: Facts,
): ReplicaStatus[] {
  const published = (endpoints ?? []).map(endpoint => ({
    job: endpoint.job.id,
    restarts: endpoint.job.restarts,
    node: endpoint.job.node,
    slurm: slurmOf(endpoint, facts),
    endpoint: endpointStatus(endpoint, facts),
  })) // 1
  const runs = new Set(published.map(one => `${one.job}/${one.restarts}`))
  const isPublished = ({ job }: TierJob) => runs.has(`${job.id}/${job.restarts}`)
  const others = jobs
    .filter(one => isLive(one) && !isPublished(one))
    .map(({ job }) => ({
      job: job.id,
      restarts: job.restarts,
      node: job.batchHost ?? null,
      slurm: viewOf(job),
      endpoint: endpoints === undefined ? ('unknown' as const) : null,
    })) // 2
  return [...published, ...others]
}

/** In words why a run can no longer serve, even if its file is ready; undefined: it can. */
function overBy({ job: { id, restarts } }: Endpoint, { jobs, jobOf }: Facts): string | undefined {
  if ('unknown' in jobs) return undefined
  const job = jobOf(id)
  if (job === undefined) return jobs.value.complete ? 'Slurm no longer has this job' : undefined
  if (job.restarts > restarts) return `Its job was requeued and is at run ${job.restarts}`
  return job.restarts === restarts && job.state === 'ended' ? `Its job has ended: ${job.stateText}` : undefined
}

function slurmOf({ job: { id, restarts } }: Endpoint, { jobs, jobOf }: Facts): SlurmStatus {
  if ('unknown' in jobs) return { known: false, why: 'Slurm did not answer' }
  const job = jobOf(id)
  if (job === undefined) {
    return jobs.value.complete
      ? { known: true, state: NO_SUCH_JOB, ...NOT_WAITING }
      : { known: false, why: "part of Slurm's answer could not be read" }
  }
  if (job.restarts < restarts) return { known: false, why: "Slurm's answer is older than this run" }
  if (job.restarts > restarts)
    return { known: true, state: `old copy, the job is at run ${job.restarts}`, ...NOT_WAITING }
  return viewOf(job)
}

const NOT_WAITING = { reason: null, queuedSince: null, expectedStart: null } as const

function viewOf(job: JobView): SlurmStatus {
  const reason = job.reason === '' || job.reason === 'None' ? null : job.reason
  const queuedSince = job.state === 'pending' ? (job.submitTime ?? null) : null
  // Slurm keeps a time that it once expected.
  const expectedStart = job.state === 'pending' && !isStuck(job) ? (job.startTime ?? null) : null
  const state =
    job.preemptTime !== undefined && job.state === 'running' ? `${job.stateText}, being preempted` : job.stateText
  return { known: true, state, reason, queuedSince, expectedStart }
}

function endpointStatus(endpoint: Endpoint, facts: Facts): EndpointStatus {
  const { id, state, url, models, since, message } = endpoint
  const replica = replicaOf(id)
  const beat = 'value' in facts.registry ? facts.registry.value.beats.get(replica) : undefined
  const load = beat?.endpoints[id]
  const over = overBy(endpoint, facts)
  return {
    ...{ id, state, url, models, since, message },
    ...(over === undefined || state === 'failed' ? {} : { state: 'over', message: over }),
    ...(state === 'ready' && over === undefined ? notRouted(id, facts) : {}),
    routedBy: 'value' in facts.routes ? routedBy(id, facts.routes.value) : null,
    ...('value' in facts.routes ? asideBy(id, facts.routes.value) : {}),
    load: load === undefined ? null : toLoad(load),
    beatStillMs: facts.stillMs.get(replica) ?? null,
    ...given({ build: endpoint.build }),
  }
}

function notRouted(id: string, { routabilities = new Map() }: StatusFacts): { notRouted?: readonly string[] } {
  const reasons = [...routabilities].flatMap(([gateway, said]) => {
    const reason = /^Not routed: (.*)/s.exec(said.get(id) ?? '')?.[1]
    return reason === undefined ? [] : [`not routed by ${gateway}: ${reason}`]
  })
  return reasons.length === 0 ? {} : { notRouted: reasons }
}

/** Without fields that are not known. */
function toLoad({ running, waiting, kv, prefixHits }: Load): Load {
  return { running, waiting, kv, prefixHits }
}

/** Null where a file that cannot be understood may name the endpoint. */
function routedBy(id: string, routes: ReadonlyMap<string, GatewayRoutes>): readonly string[] | null {
  const files = [...routes]
  if (!files.every(([, file]) => isUnderstood(file))) return null
  return files.filter(([, file]) => isUnderstood(file) && names(file, id)).map(([name]) => name)
}

function asideBy(id: string, routes: ReadonlyMap<string, GatewayRoutes>): { asideBy?: readonly AsideBy[] } {
  const asideBy = [...routes].flatMap(([gateway, file]) => {
    const how = isUnderstood(file) ? file.aside?.[id] : undefined
    return how === undefined ? [] : [{ gateway, how }]
  })
  return asideBy.length === 0 ? {} : { asideBy }
}

function gatewayStatus([name, routes]: [string, GatewayRoutes], facts: StatusFacts): GatewayStatus {
  const file = isUnderstood(routes) ? routes : undefined
  return {
    name,
    generation: file?.generation ?? null,
    routes: file === undefined ? null : Object.values(file.tiers).flat().length,
    beatStillMs: facts.stillMs.get(name) ?? null,
    ...given({ build: file?.build }),
  }
}

function problemsOf({ jobs, registry, routes }: StatusFacts): string[] {
  const files = [...('value' in routes ? routes.value : [])]
  const unread = files.flatMap(([name, file]) => (isUnderstood(file) ? [] : [{ name, problem: file.problem }]))
  return [
    ...('unknown' in jobs ? [jobs.unknown] : jobs.value.jobs.flatMap(heldByLaunch)),
    ...('unknown' in registry ? [registry.unknown] : registry.value.problems.map(formatProblem)),
    ...('unknown' in routes ? [routes.unknown] : []),
    ...unread.map(({ name, problem }) => `routes/${name}.json: ${problem}, so it may name any endpoint`),
  ]
}

function heldByLaunch({ tier, job }: TierJob): string[] {
  if (!isHeldByLaunch(job)) return []
  return [`Job ${job.id} (${tier}): Slurm holds it, because a node could not launch it. ${launchHoldCure(job)}`]
}

function isLive({ job }: TierJob): boolean {
  return job.state !== 'ended'
}

function byJob(one: ReplicaStatus, other: ReplicaStatus): number {
  return Number(one.job) - Number(other.job) || one.restarts - other.restarts
}
