import type { JobView } from '../../core/domain/job-view.ts'
import type { Partition, Qos, SlurmConfig } from '../../core/domain/slurm-config.ts'
import type { JobList } from './job-rows.ts'

/** Slurm answered, and this is the answer. */
export interface Answered<T> {
  readonly kind: 'answered'
  readonly value: T
}

/** Slurm answered that it knows no such job: it never existed, or was forgotten MinJobAge after its end. */
export interface NoSuchJob {
  readonly kind: 'no-such-job'
}

/** Slurm answered, and said no; `message` is in its words. */
export interface Refused {
  readonly kind: 'refused'
  readonly message: string
  /** It could not be asked: its program is not here. */
  readonly neverAsked?: true
}

/** Nothing is known ("unknown is not none", docs/design/rules.md): neither what is, nor whether an order was taken. */
export interface NoAnswer {
  readonly kind: 'no-answer'
  readonly message: string
}

/** Slurm took the order. What came of it is told by the job's state only: `requeue incomplete` accepts ended jobs too. */
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
  /** Nobody else's (`submissionComment`): by it a job is found whose id was lost. */
  readonly comment: string
  /** Made if it is missing: without it the job dies without a log (JobLaunchFailure). */
  readonly outputDirectory: string
  /** Told what is waited for and tried again. */
  progress?(line: string): void
}

/**
 * Tells a batch process to read what was asked of it. Ignored by default (signal(7)): one that comes too early, while the
 * script still sets up, or too late, to the job's next run, ends nothing, as USR2 would.
 */
export const REQUEST_SIGNAL = 'SIGURG'

/** Slurm, as one account sees it. Every answer is a value; only a wrong argument throws. The signal kills the command. */
export interface Slurm {
  /** Everything of ours that Slurm remembers, in all states: one question, whatever the number of jobs. */
  jobs(signal?: AbortSignal): Promise<Answered<JobList> | NoAnswer>
  job(id: string, signal?: AbortSignal): Promise<Answered<JobView> | NoSuchJob | NoAnswer>
  /** Our jobs with this comment, in all states. */
  findByComment(comment: string, signal?: AbortSignal): Promise<Answered<readonly JobView[]> | NoAnswer>
  /** `scontrol requeue incomplete`: does not resurrect a cancelled job. */
  requeueIncomplete(id: string, signal?: AbortSignal): Promise<OrderAnswer>
  /** Accepted also where the job has ended already; Slurm 26.05 accepts it for a job that it does not know, too. */
  cancel(id: string, signal?: AbortSignal): Promise<OrderAnswer>
  /**
   * Lifts the BeginTime of a requeued job; to be given once it has been pending for two seconds: a run that starts in the
   * second in which its predecessor's credential was revoked fails for good.
   */
  releaseBeginTime(id: string, signal?: AbortSignal): Promise<OrderAnswer>
  /** `scontrol release`: the owner may lift a hold by a failed launch, and one of its own; not one by an operator. */
  releaseHold(id: string, signal?: AbortSignal): Promise<OrderAnswer>
  /**
   * Sends REQUEST_SIGNAL to the batch process of a running job, and to nothing else: neither its steps nor what it has
   * started hear of it, under proctrack/linuxproc and cgroup alike. Accepted says that Slurm took the order.
   */
  signalBatch(id: string, signal?: AbortSignal): Promise<OrderAnswer>
  config(signal?: AbortSignal): Promise<Answered<SlurmConfig> | NoAnswer>
  /** Every partition, also hidden ones. */
  partitions(signal?: AbortSignal): Promise<Answered<readonly Partition[]> | NoAnswer>
  /** Of the accounting database; no answer where the cluster has none. */
  qualities(signal?: AbortSignal): Promise<Answered<readonly Qos[]> | NoAnswer>
  /**
   * scontrol's words for the states of these nodes: `IDLE`, `MIXED+DRAIN`, `DOWN+NOT_RESPONDING` (`DOWN*` on 22.05). Not
   * sinfo's: asked for one node it said `mixed` of a node that was DOWN for as long as it was asked (26.05, after a start of
   * slurmctld), until scontrol had asked about that node.
   */
  nodeStates(nodeList: string, signal?: AbortSignal): Promise<Answered<readonly string[]> | NoAnswer>
  /** NodeAddr of one node: the name or address by which slurmctld reaches it; undefined: Slurm has no such node. */
  nodeAddress(node: string, signal?: AbortSignal): Promise<Answered<string | undefined> | NoAnswer>
  /** `vasp-[01-03]` → its three names; an empty list has none. */
  hostnames(nodeList: string, signal?: AbortSignal): Promise<Answered<readonly string[]> | NoAnswer>
  /**
   * Submits one job, never two: after an answer that does not say what became of it, the job is looked up by its
   * comment before sbatch runs again. Takes up to a few minutes while Slurm is silent.
   */
  submit(request: SubmitRequest, signal?: AbortSignal): Promise<Submission>
}
