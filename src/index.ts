export type {
  ArgumentMap,
  ArgumentWord,
  Backend,
  ProfileOptions,
  ServerArguments,
  ServerConfig,
  ServerOptions,
  ServerSettings,
} from './core/domain/server-options.ts'
export { UserError } from './core/domain/user-error.ts'
export type { Engine } from './core/engines/engine.ts'
export { InferenceServer, ServerError, type ServerEvents } from './library/inference-server.ts'
export type { FoundBy } from './library/owned-processes.ts'
export type { CleanupReport, FoundProcess, NamedProcess } from './library/process-tracker.ts'
export { loadServerConfig, startServerFromConfig } from './library/server-config.ts'
export type { ServerState, StateChange } from './library/server-state.ts'
export { createServer, LlamaServer, SGLangServer, TEIServer, VLLMServer } from './library/servers.ts'
