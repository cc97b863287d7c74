import { basename } from 'node:path'
import type { ReplicaSpec } from '../core/domain/replica-spec.ts'
import type { ServerSettings } from '../core/domain/server-options.ts'
import { ENGINES, type EngineName } from '../core/engines/index.ts'

/** The part of a replica spec that an engine reads, for a server without a site, a tier, a job or a registry. */
export function bareSpec(engine: EngineName, settings: ServerSettings): ReplicaSpec {
  const { model, port, command, args, envVars, heartbeatInterval, startupTimeout } = settings
  return {
    version: 1,
    ...{ site: '', shared: '', tier: '', networks: [], signalLeadSeconds: 0 },
    engine,
    command: command ?? ENGINES[engine].command ?? '',
    args,
    env: envVars,
    // Unchanged: engines look for a path first, then for an id.
    model: { name: engine === 'llama.cpp' ? basename(model, '.gguf') : model, file: model },
    port,
    beatSeconds: heartbeatInterval,
    loadTimeoutSeconds: startupTimeout,
  }
}
