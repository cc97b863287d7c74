import type { BuildUser } from '../domain/build.ts'
import type { Listen } from '../domain/listen-address.ts'
import type { Partition, Qos, SlurmConfig } from '../domain/slurm-config.ts'

/**
 * What was gathered about a site. Undefined always means: could not be found out ("unknown is not none",
 * docs/design/rules.md).
 */
export interface DoctorFacts {
  /** A `sluice up` runs it on this machine: there is no Slurm, no runtime for its nodes, and no partition of a tier. */
  readonly isLocal?: true
  readonly gateway: GatewayFacts
  readonly shared: SharedFacts
  readonly runtime: RuntimeFacts
  readonly slurm: SlurmFacts
  readonly tiers: readonly TierFacts[]
}

export interface GatewayFacts {
  /** In words why it cannot be run, where it cannot; `isThere`: for its own sake. */
  readonly nginx:
    | { readonly version: string; readonly hasNjs: boolean | undefined }
    | { readonly missing: string; readonly isThere?: boolean }
  readonly listens: readonly ListenFacts[]
  /** The updater may end sockets of nginx: root may, and an account that may trace its own processes; undefined: not known. */
  readonly mayEndStreams: boolean | undefined
  /** For how long the updaters have been silent that do not beat, milliseconds by gateway; undefined: not known. */
  readonly stillUpdaters?: ReadonlyMap<string, number> | undefined
  readonly networks: readonly string[]
}

export interface ListenFacts {
  readonly listen: Listen
  /** The sluice.yaml of a `sluice up` of this account that listens there too, where it does. */
  readonly up?: string | undefined
  readonly holder: 'nobody' | 'our nginx' | 'somebody else' | 'not this machine' | undefined
}

export interface SharedFacts {
  readonly path: string
  readonly uid: number
  readonly found:
    | {
        readonly ownerUid: number
        readonly mode: number
        readonly isDirectory: boolean
        /** Name of the filesystem; undefined: none that we know to be local. */
        readonly localFilesystem: string | undefined
        /** Of statfs(2), in hexadecimal: how people find the name of one that we do not know. */
        readonly filesystemType: string
        readonly freeBytes: number
        /** How many files more it takes; undefined: it does not count them. */
        readonly freeInodes: number | undefined
        /** Where its filesystem begins. */
        readonly mountPoint: string
      }
    | { readonly unreadable: string }
  /** What a file that was written there for trial showed; in words why it could not be written. */
  readonly trial:
    | {
        readonly ownerUid: number
        /** From the write to the text being read by its name. */
        readonly visibleMs: number
        /** From the rename to the event; undefined: none came within a second. */
        readonly eventMs: number | undefined
      }
    | { readonly failed: string; readonly code?: string | undefined }
  /** What engines ask for; `none`: nobody has made it yet. Undefined: it could not be looked at. */
  readonly key:
    | { readonly ownerUid: number; readonly mode: number; readonly unusable: string | undefined }
    | 'none'
    | undefined
}

export interface RuntimeFacts {
  readonly path: string
  /** What `current` points at; undefined: nothing. */
  readonly current: string | undefined
  /** It holds this very bundle; undefined: this is no bundle, or it could not be read. */
  readonly isThis: boolean | undefined
  /** Who runs which build: updaters that beat, and endpoints; undefined: could not be read. */
  readonly users?: { readonly updaters: readonly BuildUser[]; readonly endpoints: readonly BuildUser[] } | undefined
}

export interface SlurmFacts {
  /** In words why it is not known. */
  readonly config: SlurmConfig | { readonly unknown: string }
  readonly squeueSeconds: number
}

export interface TierFacts {
  readonly name: string
  /** The engine's program, as the configuration names it; undefined: it is Sluice's own. */
  readonly command: string | undefined
  /** Of its RPC workers, where its replicas have any. */
  readonly rpcPort?: number
  readonly isExclusive: boolean
  /** Those that the configuration names, or the default one; undefined: not known. */
  readonly partitions: readonly PartitionFacts[] | undefined
  /** Names that the configuration has and Slurm does not. */
  readonly missingPartitions: readonly string[]
  readonly qos: string | undefined
  /** Undefined: there is no database, or it does not know this one. */
  readonly qosFacts: Omit<Qos, 'name'> | undefined
  /** Nodes that its jobs may get, with the addresses that the gateway takes for theirs. */
  readonly nodes: readonly { readonly name: string; readonly addresses: readonly string[] | undefined }[] | undefined
}

export type PartitionFacts = Omit<Partition, 'isDefault' | 'nodes'>
