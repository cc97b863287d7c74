import type { Endpoint } from '../../core/domain/endpoint.ts'
import type { ObservedEndpoints } from './observed-endpoints.ts'
import type { Poll } from './routability.ts'

/**
 * Whether Slurm itself says that the run an endpoint names is ours, and on the node that it names
 * ("nothing unvalidated reaches nginx", docs/design/rules.md).
 */
export type Ownership =
  | { readonly kind: 'proven' }
  /** No poll has told yet, for or against. */
  | { readonly kind: 'unproven' }
  | { readonly kind: 'refuted'; readonly reason: string }

/**
 * A file may claim any job and any node; squeue is asked about our account's jobs only, and its BatchHost is where the
 * supervisor of a run stands, also of one with many nodes or many endpoints. Who submitted it, `sluice submit` or a plain
 * sbatch of a rendered script, makes no difference. Only the very run speaks about the endpoint:
 * another restart count may have had another node.
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

/** Endpoints that the last poll could not know of: worth asking at once, each once. */
export function unasked(observed: ObservedEndpoints, poll: Poll | undefined): string[] {
  return [...observed.values()]
    .filter(({ firstObservedAt }) => poll === undefined || poll.startedAt <= firstObservedAt)
    .filter(({ endpoint }) => proveOwnership(endpoint, poll).kind === 'unproven')
    .map(({ endpoint }) => endpoint.id)
}

/**
 * Those that Slurm calls ours, on the nodes that they name: the name service is asked about no others. Names that it does
 * not know take it seconds each, and a directory may be full of them.
 */
export function proven(observed: ObservedEndpoints, poll: Poll | undefined): ObservedEndpoints {
  return new Map([...observed].filter(([, { endpoint }]) => proveOwnership(endpoint, poll).kind === 'proven'))
}

const UNPROVEN = { kind: 'unproven' } as const
