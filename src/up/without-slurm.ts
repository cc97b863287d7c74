import { LOOPBACK } from '../domain/address.ts'
import type { ReplicaSpec } from '../domain/replica-spec.ts'

/** What of a configuration means something else on one machine. */
interface Sited {
  readonly gateway: { readonly name: string; readonly networks: readonly string[] }
}

/**
 * The same site on one machine: engines on loopback only (rule 9), and a gateway by another name, so that neither its lock,
 * its nginx nor its routes file is the one of `sluice updater`.
 */
export function withoutSlurm<C extends Sited>(config: C): C {
  return { ...config, gateway: { ...config.gateway, name: `up_${config.gateway.name}`, networks: [LOOPBACK] } }
}

/** What a replica runs here. */
export interface LocalReplica {
  readonly spec: ReplicaSpec
  /** What people should know about it. */
  readonly note: string | undefined
}

/**
 * An engine takes a free port: many share this machine. Where llama-server is nowhere, the demo engine answers in its place;
 * a program that the tier names itself is not replaced.
 */
export function toLocalReplica({ port: _, ...spec }: ReplicaSpec, hasLlamaServer: boolean): LocalReplica {
  const isMissing = spec.engine === 'llama.cpp' && spec.command === 'llama-server' && !hasLlamaServer
  return isMissing ? { spec: { ...spec, engine: 'demo' }, note: HAS_NO_ENGINE } : { spec, note: undefined }
}

/** Why the demo engine answers where nobody chose it. */
export const HAS_NO_MODEL =
  "llama-server is there, but no model for it: Sluice's demo engine answers; see `sluice up --model`"
export const HAS_NO_ENGINE = "there is no llama-server on PATH, so Sluice's demo engine answers in its place"
