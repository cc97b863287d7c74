import type { EngineSpec } from '../domain/engine-spec.ts'
import type { HttpAnswer } from '../domain/http-answer.ts'
import type { Load } from '../domain/load.ts'
import type { LlamaPlacement } from './llama-placement.ts'

/** One kind of server program, as data and pure functions; the ENGINES table holds one for each. */
export interface Engine {
  readonly name: string
  /** The program of a tier that names none: a name on PATH. Undefined: the tier must name it. */
  readonly command: string | undefined
  /** It is a command of Sluice's own, by this name, instead of the tier's program. */
  readonly subcommand?: string
  /** What its API offers, as endpoint files say it. */
  serves(spec: EngineSpec): readonly string[]
  /** The arguments after the command. */
  argv(spec: EngineSpec, at: EngineAddress): string[]
  /** The variable that tells each process of several the address of its node; undefined: it runs on one node. */
  readonly addressVariable?: string
  /** How a build calls its arguments, by what it says of itself, which is asked for when one of these flags is among them. */
  readonly changed?: {
    readonly flags: readonly string[]
    /** The arguments that make it say so. */
    readonly ask: readonly string[]
    toBuild(argv: readonly string[], said: string): BuildArgv
  }
  /** What runs may be written in anything: of some languages programs undo a block of TERM, which keeps Slurm's from it. */
  readonly mayUnblockTerm?: true
  /** It makes sockets: it is given a directory for them that is its own. */
  readonly makesSockets?: true
  /** Variables that it may inherit besides the common ones. */
  readonly keepsEnvironment: RegExp
  /** Variables that it always gets. */
  readonly environment: Readonly<Record<string, string>>
  /**
   * How it is told the key that it asks for; undefined: it asks for none. Never by its arguments, which `ps` shows
   * ("secrets stay", docs/design/rules.md).
   */
  key(spec: EngineSpec): KeyChannel | undefined
  /** Local paths that must be there before it is started, with what they are for; `or`: another that will do. */
  needs(spec: EngineSpec): { path: string; what: string; or?: string }[]
  paths(spec: EngineSpec): EnginePaths
  /** How long a question about its health may take before it counts as silent. */
  readonly healthTimeoutMs: number
  /**
   * How long it may take to leave when it is asked to by INT, once nobody is connected; 0: it is killed at once. An engine that goes on
   * accepting while it leaves breaks what it accepts, and a refused connection moves on.
   */
  readonly stopGraceMs: number
  /** What the answers of the two paths mean; `models` is `health` again where there is no list, or health was not 200. */
  readHealth(spec: EngineSpec, health: HttpAnswer, models: HttpAnswer): EngineHealth
  /** Its load, by what stands at its metrics paths, one after the other. */
  readLoad(spec: EngineSpec, metrics: string): Load
}

/** Where one engine is to listen, and on what devices. */
export interface EngineAddress {
  readonly address: string
  readonly port: number
  /** Of an engine that makes sockets: a directory on this node, 0700. */
  readonly sockets?: string
  readonly placement?: LlamaPlacement
  /** Of one process of several, one on each node. */
  readonly rank?: Rank
}

/** Which of an engine's processes on several nodes one is, and where they meet. */
export interface Rank {
  /** 0: the head, which answers. */
  readonly rank: number
  /** On the head's node. */
  readonly rendezvous: { readonly address: string; readonly port: number }
}

/** Arguments as a build takes them, and what was changed for it, for people. */
export interface BuildArgv {
  readonly argv: readonly string[]
  readonly notes: readonly string[]
}

/** Where it is asked, below its address. */
export interface EnginePaths {
  readonly health: string
  /** Its list of models, as OpenAI has it; undefined: it has none, and serves the tier's model. */
  readonly models?: string
  /** Where a model is loaded by `POST {"model": …}`. */
  readonly load?: string
  /** Prometheus's text; undefined: it has none. A function of its list of models where each has metrics of its own. */
  readonly metrics?: string | ((models: string) => readonly string[])
}

/** A variable of its environment, or a file that it is given the path of. */
export type KeyChannel =
  | { readonly variable: string }
  | {
      /** Of the file, below a directory that is the engine's own. */
      readonly fileName: string
      text(key: string): string
      argv(path: string): readonly string[]
    }

/**
 * - `ready`: it answers, and what must be preloaded is loaded.
 * - `loading`: it is coming up; `load` names models that it must be told to load.
 * - `copying`: its model is on its way to the node, which takes what it takes.
 * - `silent`: no answer in time; `busy`: 503, also of one that listens while it loads. Load, not death
 *   ("processes decide health", docs/design/rules.md).
 * - `refused`: nobody listens.
 * - `erring`: any other answer, or half of one; new requests go elsewhere when it repeats.
 * - `failed`: it says that it cannot serve what it must; `reload` names models that it may be told to load again, while it
 *   serves others.
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
