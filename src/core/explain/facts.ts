import type { TierConfig } from '../config/schema.ts'
import type { Endpoint } from '../domain/endpoint.ts'
import type { JobView } from '../domain/job-view.ts'
import type { Known } from '../status/status.ts'
import type { Line } from './one-run.ts'

/** What was gathered about one job. */
export interface ExplainFacts {
  readonly job: string
  /** Undefined where no source names it. */
  readonly tier: string | undefined
  /** The run that was asked for; undefined: the last one. */
  readonly asked: number | undefined
  /** The value undefined: Slurm has no such job of ours, or no longer has it. */
  readonly slurm: Known<JobView | undefined>
  /** Its file in the registry, which a job that failed leaves behind. */
  readonly endpoint: Known<Endpoint | undefined>
  /** Every run that has left something, in their order. */
  readonly runs: readonly RunFacts[]
  /** What the job itself printed, where it was kept; all runs together. */
  readonly output: readonly TextFile[]
  /** What updaters reported about its endpoints. */
  readonly routabilities: readonly RecordedRoutability[]
  /** Gateways that have set its endpoints aside now. */
  readonly asides?: readonly RecordedRoutability[]
  /** What our own commands did to it, so that our cancel is not taken for another person's. */
  readonly orders?: readonly Line[]
  /** sluice.yaml no longer has the job's tier. */
  readonly isTierRemoved?: boolean
  /** The tier in sluice.yaml today; the job may have been submitted before a change. */
  readonly settings: TierConfig | undefined
  /** What could not be read, one line each. */
  readonly problems: readonly string[]
}

/** One run of the job: what its supervisor recorded, and the kept ends of its engine's logs. */
export interface RunFacts {
  readonly restarts: number
  /** Below the shared directory. */
  readonly eventsFile: string
  readonly events: readonly RunEvent[]
  readonly logs: readonly TextFile[]
}

/** A line of events/<replica>.jsonl. */
export interface RunEvent {
  readonly at: string
  readonly event: string
  readonly [detail: string]: unknown
}

export interface TextFile {
  /** Below the shared directory, where it is there. */
  readonly name: string
  readonly lines: readonly string[]
}

export interface RecordedRoutability {
  readonly source: string
  readonly restarts: number
  readonly text: string
}
