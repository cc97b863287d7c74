import type { BuildUser } from '../domain/build.ts'
import type { Listen } from '../domain/listen-address.ts'
import type { Partition, Qos, SlurmConfig } from '../domain/slurm-config.ts'

/**
 * What was gathered about a site. Undefined always means: not known ("unknown is not none", docs/design/rules.md).
 */
export interface DoctorFacts {
  /** A `sluice up` runs it on this machine, without Slurm, a runtime for nodes, or partitions. */
  readonly isLocal?: true
  readonly gateway: GatewayFacts
  readonly shared: SharedFacts
  readonly runtime: RuntimeFacts
  readonly slurm: SlurmFacts
  readonly tiers: readonly TierFacts[]
}

export interface GatewayFacts {
  /** In words why it cannot run; `isThere`: the program exists and fails. */
  readonly nginx:
    | { readonly version: string; readonly hasNjs: boolean | undefined }
    | { readonly missing: string; readonly isThere?: boolean }
  /** The configuration asks for routing by model, which needs njs. */
  readonly byModel?: boolean
  readonly listens: readonly ListenFacts[]
  /** Whether the updater may end sockets of nginx: as root, or where an account may trace its own processes. Undefined: not known. */
  readonly mayEndStreams: boolean | undefined
  /** Updaters without a beat: for how long, milliseconds by gateway; undefined: not known. */
  readonly stillUpdaters?: ReadonlyMap<string, number> | undefined
  readonly networks: readonly string[]
}

export interface ListenFacts {
  readonly listen: Listen
  /** The sluice.yaml of a `sluice up` of this account that listens on the same place. */
  readonly up?: string | undefined
  readonly holder: 'nobody' | 'our nginx' | 'another process' | 'not this machine' | undefined
}

export interface SharedFacts {
  readonly path: string
  readonly uid: number
  readonly found:
    | {
        readonly ownerUid: number
        readonly mode: number
        readonly isDirectory: boolean
        /** Name of the filesystem; undefined: not on the list of local filesystems. */
        readonly localFilesystem: string | undefined
        /** From statfs(2), shown in hexadecimal, so that people can look up an unlisted one. */
        readonly filesystemType: string
        readonly freeBytes: number
        /** How many more files fit; undefined: the filesystem does not count them. */
        readonly freeInodes: number | undefined
        /** The mount point of its filesystem. */
        readonly mountPoint: string
      }
    | { readonly unreadable: string }
  /** The result of a trial write there; in words why it failed. */
  readonly trial:
    | {
        readonly ownerUid: number
        /** From the write until a read by its name returned the text. */
        readonly visibleMs: number
        /** From the rename to the event; undefined: none came within a second. */
        readonly eventMs: number | undefined
      }
    | { readonly failed: string; readonly code?: string | undefined }
  /** site.key; `none`: it does not exist yet. Undefined: it could not be read. */
  readonly key:
    | { readonly ownerUid: number; readonly mode: number; readonly unusable: string | undefined }
    | 'none'
    | undefined
}

export interface RuntimeFacts {
  readonly path: string
  /** The target of `current`; undefined: there is no such link. */
  readonly current: string | undefined
  /** Whether it holds this same bundle; undefined: this program is not a bundle, or it could not be read. */
  readonly isThis: boolean | undefined
  /** The build that each updater with a beat and each endpoint runs; undefined: could not be read. */
  readonly users?: { readonly updaters: readonly BuildUser[]; readonly endpoints: readonly BuildUser[] } | undefined
}

export interface SlurmFacts {
  /** In words why it is not known. */
  readonly config: SlurmConfig | { readonly unknown: string }
  readonly squeueSeconds: number
}

export interface TierFacts {
  readonly name: string
  /** The engine's program, as the configuration names it; undefined: the demo engine. */
  readonly command: string | undefined
  /** The port of its RPC workers, if its replicas have any. */
  readonly rpcPort?: number
  readonly isExclusive: boolean
  /** The partitions that the configuration names, or the default one; undefined: not known. */
  readonly partitions: readonly PartitionFacts[] | undefined
  /** Partitions that the configuration names and Slurm does not have. */
  readonly missingPartitions: readonly string[]
  readonly qos: string | undefined
  /** Undefined: there is no accounting database, or it does not have this QoS. */
  readonly qosFacts: Omit<Qos, 'name'> | undefined
  /** Nodes that its jobs may get, with the addresses to which the gateway resolves them. */
  readonly nodes: readonly { readonly name: string; readonly addresses: readonly string[] | undefined }[] | undefined
}

export type PartitionFacts = Omit<Partition, 'isDefault' | 'nodes'>
