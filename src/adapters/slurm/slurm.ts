import type { JobView } from '../../core/domain/job-view.ts'
import type { Partition, Qos, SlurmConfig } from '../../core/domain/slurm-config.ts'
import type { JobList } from './job-rows.ts'

/** Slurm answered, and this is the answer. */
export interface Answered<T> {
  readonly kind: 'answered'
  readonly value: T
}

/** Slurm answered that it does not know the job: it never existed, or was forgotten MinJobAge after its end. */
export interface NoSuchJob {
  readonly kind: 'no-such-job'
}

/** Slurm refused; `message` is in its words. */
export interface Refused {
  readonly kind: 'refused'
  readonly message: string
  /** Slurm's program is missing here, so Slurm was not asked. */
  readonly neverAsked?: true
}

/** Not known ("unknown is not none", docs/design/rules.md): neither the state, nor whether an order was taken. */
export interface NoAnswer {
  readonly kind: 'no-answer'
  readonly message: string
}

/** Slurm took the order. Only the job's state shows its effect: `requeue incomplete` accepts ended jobs too. */
export interface Accepted {
  readonly kind: 'accepted'
}

export type OrderAnswer = Accepted | NoSuchJob | Refused | NoAnswer

/** `wasFound`: sbatch's own answer was lost, and the job was found by its comment. */
export type Submission =
  | { readonly kind: 'submitted'; readonly id: string; readonly wasFound: boolean }
  | Refused
  | NoAnswer

export interface SubmitRequest {
  /** The job script's text. */
  readonly script: string
  /** Unique (`submissionComment`), to find a job whose id was lost. */
  readonly comment: string
  /** Created if missing: without it the job dies without a log (JobLaunchFailure). */
  readonly outputDirectory: string
  /** Receives reports about waits and retries. */
  progress?(line: string): void
}

/**
 * Makes a batch process read its drain request. It is ignored by default (signal(7)), so a signal that comes too early, during the
 * script's set-up, or too late, to the job's next run, does not end the process, as USR2 would.
 */
export const REQUEST_SIGNAL = 'SIGURG'

/** Slurm's view for one account. Every answer is a value; only a wrong argument throws. The signal kills the command. */
export interface Slurm {
  /** All our jobs that Slurm remembers, in all states, with one query. */
  jobs(signal?: AbortSignal): Promise<Answered<JobList> | NoAnswer>
  job(id: string, signal?: AbortSignal): Promise<Answered<JobView> | NoSuchJob | NoAnswer>
  /** Our jobs with this comment, in all states. */
  findByComment(comment: string, signal?: AbortSignal): Promise<Answered<readonly JobView[]> | NoAnswer>
  /** `scontrol requeue incomplete`: does not resurrect a cancelled job. */
  requeueIncomplete(id: string, signal?: AbortSignal): Promise<OrderAnswer>
  /** Accepted even if the job has ended already; Slurm 26.05 also accepts it for an unknown job. */
  cancel(id: string, signal?: AbortSignal): Promise<OrderAnswer>
  /**
   * Lifts the BeginTime of a requeued job. Only after it has been pending for two seconds: a run that starts in the second in which
   * its predecessor's credential was revoked fails for good.
   */
  releaseBeginTime(id: string, signal?: AbortSignal): Promise<OrderAnswer>
  /** `scontrol release`: the owner may lift a hold after a failed launch, and one of its own; not an operator's. */
  releaseHold(id: string, signal?: AbortSignal): Promise<OrderAnswer>
  /**
   * Sends REQUEST_SIGNAL to the batch process of a running job only: neither its steps nor its children receive it, under both
   * proctrack/linuxproc and cgroup. Accepted means that Slurm took the order.
   */
  signalBatch(id: string, signal?: AbortSignal): Promise<OrderAnswer>
  config(signal?: AbortSignal): Promise<Answered<SlurmConfig> | NoAnswer>
  /** Every partition, also hidden ones. */
  partitions(signal?: AbortSignal): Promise<Answered<readonly Partition[]> | NoAnswer>
  /** From the accounting database; no answer if the cluster has none. */
  qualities(signal?: AbortSignal): Promise<Answered<readonly Qos[]> | NoAnswer>
  /**
   * scontrol's words for the states of these nodes: `IDLE`, `MIXED+DRAIN`, `DOWN+NOT_RESPONDING` (`DOWN*` on 22.05). Not sinfo's: for
   * a single DOWN node it reported `mixed` (26.05, after a start of slurmctld) until scontrol had asked about that node.
   */
  nodeStates(nodeList: string, signal?: AbortSignal): Promise<Answered<readonly string[]> | NoAnswer>
  /** NodeAddr of one node: the name or address by which slurmctld reaches it; undefined: Slurm has no such node. */
  nodeAddress(node: string, signal?: AbortSignal): Promise<Answered<string | undefined> | NoAnswer>
  /** `vasp-[01-03]` → its three names; an empty list has none. */
  hostnames(nodeList: string, signal?: AbortSignal): Promise<Answered<readonly string[]> | NoAnswer>
  /**
   * Submits one job, never two: after an unclear answer the job is looked up by its comment before sbatch runs again. Takes up to a
   * few minutes while Slurm is silent.
   */
  submit(request: SubmitRequest, signal?: AbortSignal): Promise<Submission>
}
