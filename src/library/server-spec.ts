import { basename } from 'node:path'
import type { EngineSpec } from '../core/domain/engine-spec.ts'
import type { ServerSettings } from '../core/domain/server-options.ts'
import { ENGINES, type EngineName } from '../core/engines/index.ts'

/** What the engine reads of a server's settings. */
export function serverSpec(engine: EngineName, { model, command, args, envVars }: ServerSettings): EngineSpec {
  return {
    engine,
    command: command ?? ENGINES[engine].command ?? '',
    args,
    env: envVars,
    // As it was written: engines look for a path first, then for an id.
    model: { name: engine === 'llama.cpp' ? basename(model, '.gguf') : model, file: model },
  }
}
