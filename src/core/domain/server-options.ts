/** Engine arguments: a list is passed as it is, a map becomes flags; a list may hold maps. */
export type ServerArguments = readonly (ArgumentWord | ArgumentMap)[] | ArgumentMap
export type ArgumentWord = string | number | boolean
/** `true` is a bare flag, `false` leaves it out, a map is passed as JSON; underscores of a name become dashes. */
export type ArgumentMap = { readonly [name: string]: ArgumentWord | Readonly<Record<string, unknown>> }

/** The options of a server. The keys may be written in snake_case too, as in YAML. */
export interface ServerOptions {
  /** A path on this machine, or an id of Hugging Face where the engine takes one. */
  readonly model: string
  /** The directory of the log; created if missing. `./server_logs` by default. */
  readonly outputDir?: string | undefined
  /** The address to listen on: 127.0.0.1 by default, 0.0.0.0 for every address of this machine. */
  readonly host?: string | undefined
  /** 8000 by default. */
  readonly port?: number | undefined
  /** Seconds between two health checks, once it is ready: 5 by default. */
  readonly heartbeatInterval?: number | undefined
  /** The longest wait for the answer to a health check, in seconds: 30 by default. */
  readonly heartbeatTimeout?: number | undefined
  /** The longest time from start to ready, in seconds: 600 by default. */
  readonly startupTimeout?: number | undefined
  /** Added to the engine's environment, which otherwise has only the variables of an allow-list. */
  readonly envVars?: Readonly<Record<string, string | number>> | undefined
  /** Arguments of the engine: `apiServerArgs` or `serverArgs`, one of the two. */
  readonly config?: BackendOptions | undefined
  /** After a stop, look for processes that are left and end them. False by default. */
  readonly debugMode?: boolean | undefined
  readonly profile?: ProfileOptions | undefined
  /** The program, if not the engine's usual one: a name on PATH, or a path. */
  readonly command?: string | undefined
}

export interface BackendOptions {
  readonly apiServerArgs?: ServerArguments | undefined
  readonly serverArgs?: ServerArguments | undefined
}

export interface ProfileOptions {
  /** False by default. */
  readonly enabled?: boolean | undefined
  readonly tool?: 'nsys' | 'pytorch' | 'amd' | undefined
  /** `./profiles` by default. */
  readonly outputDir?: string | undefined
  /** Arguments of nsys or rocprof. */
  readonly args?: readonly string[] | undefined
}

/** Server programs that Sluice knows how to start. */
export const BACKENDS = ['vllm', 'sglang', 'llama.cpp', 'tei'] as const

export type Backend = (typeof BACKENDS)[number]

/** Options together with their backend, as in a file. */
export interface ServerConfig extends ServerOptions {
  readonly backend: Backend
}

/** The same with every default. */
export interface ServerSettings {
  readonly model: string
  readonly outputDir: string
  readonly host: string
  readonly port: number
  readonly heartbeatInterval: number
  readonly heartbeatTimeout: number
  readonly startupTimeout: number
  readonly envVars: Readonly<Record<string, string>>
  /** Arguments of the engine, as argv. */
  readonly args: readonly string[]
  readonly debugMode: boolean
  /** Undefined: none. */
  readonly profile:
    | { readonly tool: 'nsys' | 'pytorch' | 'amd'; readonly outputDir: string; readonly args: readonly string[] }
    | undefined
  readonly command: string | undefined
}
