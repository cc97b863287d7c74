import { type AddressRange, inRanges, LOOPBACK, NEVER_REMOTE, rangesOf } from '../../core/domain/address.ts'
import { addressOf, type Endpoint } from '../../core/domain/endpoint.ts'
import type { JobView } from '../../core/domain/job-view.ts'
import { isAnsweredBy, type ListenAddress, overlaps } from '../../core/domain/listen-address.ts'
import type { ObservedEndpoint } from './observed-endpoints.ts'
import { proveOwnership } from './ownership.ts'

/** Whether nginx may reach an endpoint, and in words why not. */
export type Routability =
  | { readonly routed: true /** Its beat stands still: its port is to be tried. */; readonly suspect: boolean }
  | { readonly routed: false; readonly reason: string }

/** One answer of squeue about all our jobs. A failed poll is not a Poll. */
export interface Poll {
  /** When squeue was started, milliseconds of the loop's clock. */
  readonly startedAt: number
  /** By job id. */
  readonly jobs: ReadonlyMap<string, JobView>
  /** False when part of the answer could not be read: then a missing job does not count as gone. */
  readonly complete: boolean
}

/**
 * The facts besides the files. Undefined always means: not known; that withdraws nothing ("unknown is not none",
 * docs/design/rules.md).
 */
export interface Surroundings {
  readonly poll: Poll | undefined
  /** The result of a try at a suspect's port, while its beat stands still: true when it accepted a connection. */
  readonly connects: (id: string) => boolean | undefined
  /** The known addresses of a node. */
  readonly addressesOf: (node: string) => readonly string[] | undefined
  /** Whether the key of this fingerprint could be read. */
  readonly knowsKey: (fingerprint: string) => boolean
  readonly isRouted: (id: string) => boolean
  readonly tiers: readonly string[]
  /** The networks in which endpoints may lie. */
  readonly networks: readonly AddressRange[]
  readonly ownAddresses: readonly string[]
  /** The gateway's own listen addresses; this machine need not have each of them at the moment. */
  readonly ownListens: readonly ListenAddress[]
  /** There is no Slurm: engines run only on this machine. */
  readonly loopbackOnly: boolean
  readonly leaseMs: number
}

/**
 * First match wins ("who may be routed", "no foreign clocks" and "nothing unvalidated reaches nginx",
 * docs/design/rules.md):
 * 1. a tier that is not configured → not routed
 * 2. the state in its file is not ready → not routed
 * 3. an address that is not the node's, not in our networks, or the gateway's own → not routed
 * 4. Slurm contradicts → not routed
 * 5. a run that Slurm does not show as ours on that node → not routed; while no poll has shown it, not added
 * 6. an engine that is new to nginx and requires a key that could not be read → not routed
 * 7. the lease holds → routed
 * 8. a suspect whose port refuses → not routed; any other suspect stays
 */
export function routabilityOf(observed: ObservedEndpoint, around: Surroundings): Routability {
  const { endpoint, lease } = observed
  if (!around.tiers.includes(endpoint.tier)) return no(`Tier "${endpoint.tier}" is not configured`) // 1
  if (endpoint.state !== 'ready') return no(endpoint.message ?? `Its file says ${endpoint.state}`) // 2
  const address = refuseAddress(endpoint, around)
  if (address !== undefined) return no(address) // 3
  const contradiction = contradict(observed, around.poll)
  if (contradiction !== undefined) return no(contradiction) // 4
  const foreign = refuseOwnership(endpoint, around)
  if (foreign !== undefined) return no(foreign) // 5
  const isOpen = endpoint.key === undefined || around.knowsKey(endpoint.key)
  if (!isOpen && !around.isRouted(endpoint.id)) return no('The key that it asks for cannot be read yet') // 6
  if (lease.stillMs < around.leaseMs) return ROUTED // 7
  if (around.connects(endpoint.id) !== false) return { routed: true, suspect: true }
  return no('Its beat stands still, and its port does not connect') // 8
}

const ROUTED: Routability = { routed: true, suspect: false }

function no(reason: string): Routability {
  return { routed: false, reason }
}

/**
 * Why no request may be sent to this address, or undefined ("nothing unvalidated reaches nginx", docs/design/rules.md).
 */
function refuseAddress(endpoint: Endpoint, around: Surroundings): string | undefined {
  const at = addressOf(endpoint)
  if (at === undefined) return 'Ready without an address'
  const { address, port } = at
  if (port < 1024 || port > 65_535) return `Port ${port} is not one of 1024 to 65535`
  if (around.loopbackOnly) {
    if (!inRanges(address, HERE)) return `Address ${address} is not loopback, and there is no Slurm`
    return around.ownListens.some(one => overlaps(one, at))
      ? `Address ${address}:${port} is the gateway's own`
      : undefined
  }
  if (!inRanges(address, around.networks)) return `Address ${address} lies outside gateway.networks`
  if (inRanges(address, NEVER_REMOTE)) return `Address ${address} is link-local or loopback`
  if (isAnsweredBy(at, around.ownListens, around.ownAddresses)) return `Address ${address}:${port} is the gateway's own`
  const resolved = around.addressesOf(endpoint.job.node)
  if (resolved === undefined) {
    return around.isRouted(endpoint.id) ? undefined : `Node "${endpoint.job.node}" cannot be resolved yet`
  }
  return resolved.includes(address)
    ? undefined
    : `Address ${address} is not one of node "${endpoint.job.node}" (${resolved.join(', ')})`
}

/**
 * Why the run is not known to be ours, or undefined ("nothing unvalidated reaches nginx", docs/design/rules.md). A routed endpoint
 * stays until Slurm contradicts ("unknown is not none", docs/design/rules.md).
 */
function refuseOwnership(endpoint: Endpoint, around: Surroundings): string | undefined {
  if (around.loopbackOnly) return undefined
  const ownership = proveOwnership(endpoint, around.poll)
  if (ownership.kind === 'refuted') return ownership.reason
  if (ownership.kind === 'proven' || around.isRouted(endpoint.id)) return undefined
  return `Slurm has not yet said that job ${endpoint.job.id} is ours and runs on "${endpoint.job.node}"`
}

const HERE = rangesOf([LOOPBACK])

/**
 * Why the poll contradicts the endpoint, if the poll counts for it at all ("who may be routed", docs/design/rules.md).
 */
function contradict({ endpoint, firstObservedAt }: ObservedEndpoint, poll: Poll | undefined): string | undefined {
  if (poll === undefined) return undefined
  const { id, restarts } = endpoint.job
  const job = poll.jobs.get(id)
  // An ended run stays ended: a late file is not routed until the next poll.
  const isOver = job !== undefined && (job.restarts > restarts || (job.restarts === restarts && job.state === 'ended'))
  if (poll.startedAt <= firstObservedAt && !isOver) return undefined
  if (job === undefined) return poll.complete ? `Slurm has no job ${id} of ours` : undefined
  if (job.restarts < restarts) return undefined // an old answer
  if (job.restarts > restarts) return `Job ${id} was requeued: this is its old copy`
  if (job.state === 'unknown') return undefined
  if (job.state !== 'running') return `Slurm says that job ${id} is ${job.stateText}`
  return job.preemptTime === undefined ? undefined : `Job ${id} is being preempted`
}
