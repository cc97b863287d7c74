import type { Load } from '../domain/load.ts'

/** What is printed as JSON; null means "not known" or "none", as each field documents. */
export interface StatusReport {
  readonly site: string
  readonly tiers: readonly TierStatus[]
  readonly gateways: readonly GatewayStatus[] | null
  /** What is not known, and which files cannot be read; one line each. */
  readonly problems: readonly string[]
  /** The updater's summary that was read instead, and its age; absent: the reader looked for itself. */
  readonly summary?: SummaryAge
}

export interface SummaryAge {
  readonly gateway: string
  /** The account that owns the site. */
  readonly account: string
  readonly writtenAt: string
  readonly ageMs: number
  /** The summary is no longer written: the updater is dead, or cannot write. */
  readonly isStale: boolean
}

export interface TierStatus {
  readonly name: string
  /** Null: the tier is not in the configuration. */
  readonly path: string | null
  /** Its URL at the gateway; null as `path`. */
  readonly url: string | null
  /** Jobs of Slurm; null: Slurm did not answer. */
  readonly pending: number | null
  readonly running: number | null
  /** Endpoints; null: the registry could not be read. */
  readonly ready: number | null
  readonly draining: number | null
  readonly replicas: readonly ReplicaStatus[]
}

/** A job, an endpoint, or both. */
export interface ReplicaStatus {
  readonly job: string
  /** How often this run's job had been requeued. */
  readonly restarts: number
  readonly node: string | null
  readonly slurm: SlurmStatus
  /** Null: no endpoint is published. */
  readonly endpoint: EndpointStatus | null | 'unknown'
}

export type SlurmStatus =
  | { readonly known: false; readonly why: string }
  | {
      readonly known: true
      readonly state: string
      readonly reason: string | null
      /** Since when it waits: its submission or last requeue, by Slurm's clock; null: it does not wait, or that is not known. */
      readonly queuedSince: number | null
      /** When Slurm expects to start a waiting job. */
      readonly expectedStart: number | null
    }

/** Shown as a state: Slurm never had the job, or has forgotten it. */
export const NO_SUCH_JOB = 'no such job'

export interface EndpointStatus {
  readonly id: string
  readonly state: string
  readonly url: string | null
  readonly models: readonly string[]
  readonly since: string
  readonly message: string | null
  /** Gateways whose nginx may reach it; null: not known. */
  readonly routedBy: readonly string[] | null
  /** Gateways that send it few requests or none, because its answers fail and others' do not; absent: not known of any. */
  readonly asideBy?: readonly AsideBy[]
  /** Why gateways do not route to it although it is ready, in their updaters' words; absent: not known of any. */
  readonly notRouted?: readonly string[]
  readonly load: Load | null
  /** Null at a first look, and while the beat moves. */
  readonly beatStillMs: number | null
  /** The build of its supervisor; absent: it does not report one. */
  readonly build?: string
}

export interface AsideBy {
  readonly gateway: string
  /** On trial: its answers failed shortly before, and it gets a few requests as a test. */
  readonly how: 'set aside' | 'on trial'
}

export interface GatewayStatus {
  readonly name: string
  /** Null: its file cannot be understood. */
  readonly generation: number | null
  readonly routes: number | null
  readonly beatStillMs: number | null
  /** The build of its updater; absent: it does not report one. */
  readonly build?: string
}
