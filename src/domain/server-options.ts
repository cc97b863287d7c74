/** Engine arguments: a list is passed as it is, a map becomes flags; a list may hold maps. */
export type ServerArguments = readonly (ArgumentWord | ArgumentMap)[] | ArgumentMap
type ArgumentWord = string | number | boolean
/** `true` is a bare flag, `false` leaves it out, a map is passed as JSON; underscores of a name become dashes. */
type ArgumentMap = { readonly [name: string]: ArgumentWord | Readonly<Record<string, unknown>> }

/** What a server is started with. The keys may be written in snake_case too, as in YAML. */
export interface ServerOptions {
  /** A path on this machine, or an id of Hugging Face where the engine takes one. */
  readonly model: string
  /** Gets the log; made when it is not there. `./server_logs` by default. */
  readonly outputDir?: string
  /** The address to listen at: 127.0.0.1 by default, 0.0.0.0 for every one of this machine. */
  readonly host?: string
  /** 8000 by default. */
  readonly port?: number
  /** Seconds between two questions about its health, once it is ready: 5 by default. */
  readonly heartbeatInterval?: number
  /** The longest wait for one answer to them, in seconds: 30 by default. */
  readonly heartbeatTimeout?: number
  /** The longest time from start to ready, in seconds: 600 by default. */
  readonly startupTimeout?: number
  /** Added to the environment, of which the engine otherwise gets what is on its allow-list. */
  readonly envVars?: Readonly<Record<string, string | number>>
  /** Arguments of the engine: `apiServerArgs`, as vLLM's are called, or `serverArgs`; one of the two. */
  readonly config?: { readonly apiServerArgs?: ServerArguments; readonly serverArgs?: ServerArguments }
  /** After a stop, verify that nothing is left of the server, and end what is. False by default. */
  readonly debugMode?: boolean
  readonly profile?: ProfileOptions
  /** The program, where it is not the engine's usual one: a name on PATH, or a path. */
  readonly command?: string
}

export interface ProfileOptions {
  /** False by default. */
  readonly enabled?: boolean
  readonly tool?: 'nsys' | 'pytorch' | 'amd'
  /** `./profiles` by default. */
  readonly outputDir?: string
  /** Of nsys or rocprof. */
  readonly args?: readonly string[]
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
  readonly profile: { readonly tool: 'nsys' | 'pytorch' | 'amd'; readonly outputDir: string; readonly args: readonly string[] } | undefined
  readonly command: string | undefined
}
