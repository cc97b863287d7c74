import type { EngineSpec } from '../domain/engine-spec.ts'
import type { HttpAnswer } from '../domain/http-answer.ts'
import type { Load } from '../domain/load.ts'
import type { LlamaPlacement } from './llama-placement.ts'

/** One kind of server program, as data and pure functions; the ENGINES table holds one for each. */
export interface Engine {
  readonly name: string
  /** The default program, a name on PATH. Undefined: the tier must name one. */
  readonly command: string | undefined
  /** The command of Sluice that is the engine, instead of the tier's program. */
  readonly subcommand?: string
  /** What its API offers, as endpoint files say it. */
  serves(spec: EngineSpec): readonly string[]
  /** The arguments after the command. */
  argv(spec: EngineSpec, at: EngineAddress): string[]
  /** The variable with which each of several processes gets its node's address; undefined: it runs on one node. */
  readonly addressVariable?: string
  /** Changes arguments for the installed build. The build is asked about itself when one of these flags is among the arguments. */
  readonly changed?: {
    readonly flags: readonly string[]
    /** The arguments that make it print its version or help. */
    readonly ask: readonly string[]
    toBuild(argv: readonly string[], buildText: string): BuildArgv
  }
  /** The program may be in a language whose runtime unblocks TERM; then the block does not keep Slurm's TERM from it. */
  readonly mayUnblockTerm?: true
  /** It creates sockets, and gets a directory of its own for them. */
  readonly makesSockets?: true
  /** Variables that it may inherit besides the common ones. */
  readonly keepsEnvironment: RegExp
  /** Variables that it always gets. */
  readonly environment: Readonly<Record<string, string>>
  /**
   * How it gets the key that it requires; undefined: it requires none. Never in its arguments, which `ps` shows
   * ("secrets stay", docs/design/rules.md).
   */
  key(spec: EngineSpec): KeyChannel | undefined
  /** Local paths that must be there before it is started, with what they are for; `or`: another that will do. */
  needs(spec: EngineSpec): { path: string; what: string; or?: string }[]
  paths(spec: EngineSpec): EnginePaths
  /** How long a question about its health may take before it counts as silent. */
  readonly healthTimeoutMs: number
  /**
   * The time that it gets to end after an INT, once no client is connected; 0: it is killed at once. An engine that still accepts
   * connections while it ends would break those requests, whereas nginx sends a refused connection to another engine.
   */
  readonly stopGraceMs: number
  /** What the answers of the two paths mean; `models` is `health` again where there is no list, or health was not 200. */
  readHealth(spec: EngineSpec, health: HttpAnswer, models: HttpAnswer): EngineHealth
  /** Its load, from the joined text of its metrics paths. */
  readLoad(spec: EngineSpec, metrics: string): Load
}

/** Where one engine listens, and on which devices it computes. */
export interface EngineAddress {
  readonly address: string
  readonly port: number
  /** For an engine that creates sockets: a directory on this node, 0700. */
  readonly sockets?: string
  readonly placement?: LlamaPlacement
  /** For an engine with one process on each of several nodes. */
  readonly rank?: Rank
}

/** The rank of one process of an engine over several nodes, and their rendezvous. */
export interface Rank {
  /** 0: the head, which answers requests. */
  readonly rank: number
  /** The rendezvous, on the head's node. */
  readonly rendezvous: { readonly address: string; readonly port: number }
}

/** Arguments as the build accepts them, and notes for people about what was changed. */
export interface BuildArgv {
  readonly argv: readonly string[]
  readonly notes: readonly string[]
}

/** Paths below its address. */
export interface EnginePaths {
  readonly health: string
  /** Its list of models in OpenAI's format; undefined: it has no list, and serves the tier's model. */
  readonly models?: string
  /** `POST {"model": …}` to this path loads a model. */
  readonly load?: string
  /** Its metrics in Prometheus's format; undefined: none. A function of its list of models where each has metrics of its own. */
  readonly metrics?: string | ((models: string) => readonly string[])
}

/** A variable of its environment, or a file whose path it gets. */
export type KeyChannel =
  | { readonly variable: string }
  | {
      /** The name of the file, below a directory of the engine. */
      readonly fileName: string
      text(key: string): string
      argv(path: string): readonly string[]
    }

/**
 * - `ready`: it answers, and the models to preload are loaded.
 * - `loading`: it is starting; `load` names models that it must be asked to load.
 * - `copying`: its model is being copied to the node; this has no time limit.
 * - `silent`: no answer in time; `busy`: 503, also from an engine that listens while it loads. Both mean load, not death
 *   ("processes decide health", docs/design/rules.md).
 * - `refused`: the connection was refused.
 * - `erring`: any other answer, or half of one; new requests go elsewhere when it repeats.
 * - `failed`: it reports that it cannot serve a required model; `reload` names models that it may be asked to load again while
 *   it serves others.
 * - `broken`: one of its processes cannot go on.
 */
export type EngineHealth =
  | { readonly kind: 'ready'; readonly models: readonly string[] }
  | { readonly kind: 'loading'; readonly message: string; readonly load: readonly string[] }
  | { readonly kind: 'copying'; readonly message: string }
  | { readonly kind: 'silent' }
  | { readonly kind: 'busy'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'erring'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string; readonly reload: readonly string[] }
  | { readonly kind: 'broken'; readonly message: string }
