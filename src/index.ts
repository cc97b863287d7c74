export type {
  ArgumentMap,
  ArgumentWord,
  Backend,
  ProfileOptions,
  ServerArguments,
  ServerConfig,
  ServerOptions,
  ServerSettings,
} from './domain/server-options.ts'
export { UserError } from './domain/user-error.ts'
export type { Engine } from './engines/engine.ts'
export { InferenceServer, ServerError, type ServerEvents } from './server/inference-server.ts'
export type { Kinship } from './server/kin.ts'
export type { CleanupReport, FoundProcess, NamedProcess } from './server/process-tracker.ts'
export { loadServerConfig, startServerFromConfig } from './server/server-config.ts'
export type { ServerState, StateChange } from './server/server-state.ts'
export { createServer, LlamaServer, SGLangServer, TEIServer, VLLMServer } from './server/servers.ts'
