import { basename } from 'node:path'
import type { ReplicaSpec } from '../core/domain/replica-spec.ts'
import type { ServerSettings } from '../core/domain/server-options.ts'
import { ENGINES, type EngineName } from '../core/engines/index.ts'

/** What an engine reads of a replica, for a server that is none: it has no site, no tier, no job and no registry. */
export function bareSpec(engine: EngineName, settings: ServerSettings): ReplicaSpec {
  const { model, port, command, args, envVars, heartbeatInterval, startupTimeout } = settings
  return {
    version: 1,
    ...{ site: '', shared: '', tier: '', networks: [], signalLeadSeconds: 0 },
    engine,
    command: command ?? ENGINES[engine].command ?? '',
    args,
    env: envVars,
    // As it was written: engines look for a path first, then for an id.
    model: { name: engine === 'llama.cpp' ? basename(model, '.gguf') : model, file: model },
    port,
    beatSeconds: heartbeatInterval,
    loadTimeoutSeconds: startupTimeout,
  }
}
