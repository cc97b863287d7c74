import { LOOPBACK } from '../../core/domain/address.ts'
import type { ReplicaSpec } from '../../core/domain/replica-spec.ts'

/** The parts of a configuration that differ on one machine. */
interface Sited {
  readonly gateway: { readonly name: string; readonly networks: readonly string[] }
}

/**
 * The same site on one machine: engines on loopback only ("nothing unvalidated reaches nginx", docs/design/rules.md),
 * and a gateway by another name, so that neither its lock, its nginx nor its routes file is the one of `sluice
 * updater`.
 */
export function withoutSlurm<C extends Sited>(config: C): C {
  return { ...config, gateway: { ...config.gateway, name: `up_${config.gateway.name}`, networks: [LOOPBACK] } }
}

/** The spec of a replica here. */
export interface LocalReplica {
  readonly spec: ReplicaSpec
  /** A required program that is missing. */
  readonly lacks: string | undefined
}

/**
 * An engine takes a free port, because several share this machine. `lacks` is a required program that is not installed; no other
 * engine answers under the name of its model.
 */
export function toLocalReplica({ port: _, ...spec }: ReplicaSpec, hasLlamaServer: boolean): LocalReplica {
  const { engine, command, container } = spec
  const isMissing = engine === 'llama.cpp' && command === LLAMA_SERVER && container === undefined && !hasLlamaServer
  return { spec, lacks: isMissing ? LLAMA_SERVER : undefined }
}

export const LLAMA_SERVER = 'llama-server'

/** How to install it. */
export const GET_LLAMA_SERVER =
  'put llama.cpp on PATH: apt-get install llama.cpp where the distribution has it, or a release of https://github.com/ggml-org/llama.cpp'

/** Why the demo engine answers although it was not configured. */
export const HAS_NO_MODEL =
  "llama-server is there, but no model for it: Sluice's demo engine answers; see `sluice up --model`"
export const HAS_NO_ENGINE = "there is no llama-server on PATH, so Sluice's demo engine answers in its place"
