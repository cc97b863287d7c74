import type { Endpoint } from '../../core/domain/endpoint.ts'
import type { ObservedEndpoints } from './observed-endpoints.ts'
import type { Poll } from './routability.ts'

/**
 * Whether Slurm shows the endpoint's run as ours, and on the node that it names
 * ("nothing unvalidated reaches nginx", docs/design/rules.md).
 */
export type Ownership =
  | { readonly kind: 'proven' }
  /** No poll has shown it yet, for or against. */
  | { readonly kind: 'unproven' }
  | { readonly kind: 'refuted'; readonly reason: string }

/**
 * A file may claim any job and any node. squeue lists only our account's jobs, and its BatchHost is the node of a run's
 * supervisor, also with many nodes or endpoints. It makes no difference whether `sluice submit` or a plain sbatch submitted the
 * job. Only the same run counts: another restart count may have had another node.
 */
export function proveOwnership({ job }: Pick<Endpoint, 'job'>, poll: Poll | undefined): Ownership {
  const known = poll?.jobs.get(job.id)
  if (known === undefined || known.restarts !== job.restarts) return UNPROVEN
  if (known.batchHost === undefined) return UNPROVEN
  if (known.batchHost !== job.node) {
    return { kind: 'refuted', reason: `Job ${job.id} runs on "${known.batchHost}", not on "${job.node}"` }
  }
  return { kind: 'proven' }
}

/** Endpoints that are newer than the last poll: an early poll is due, once for each. */
export function unasked(observed: ObservedEndpoints, poll: Poll | undefined): string[] {
  return [...observed.values()]
    .filter(({ firstObservedAt }) => poll === undefined || poll.startedAt <= firstObservedAt)
    .filter(({ endpoint }) => proveOwnership(endpoint, poll).kind === 'unproven')
    .map(({ endpoint }) => endpoint.id)
}

/**
 * Endpoints that Slurm shows as ours, on the nodes that they name. Only these nodes are looked up: an unknown name takes the name
 * service seconds, and a directory may be full of them.
 */
export function proven(observed: ObservedEndpoints, poll: Poll | undefined): ObservedEndpoints {
  return new Map([...observed].filter(([, { endpoint }]) => proveOwnership(endpoint, poll).kind === 'proven'))
}

const UNPROVEN = { kind: 'unproven' } as const
