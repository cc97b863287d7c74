import type { HttpAnswer } from '../domain/http-answer.ts'
import type { ReplicaSpec } from '../domain/replica-spec.ts'
import type { Placement } from './llama-placement.ts'

/** One kind of server program, as data and pure functions; the ENGINES table holds one for each. */
export interface Engine {
  readonly name: string
  /** It is a command of Sluice's own, by this name, instead of the tier's program. */
  readonly subcommand?: string
  /** What its API offers, as endpoint files say it. */
  readonly serves: readonly string[]
  /** The arguments after the command. */
  argv(spec: ReplicaSpec, at: { address: string; port: number; placement?: Placement }): string[]
  /** How a build calls its arguments, by its `--help`, which is asked for when one of these flags is among them. */
  readonly changed?: {
    readonly flags: readonly string[]
    toBuild(argv: readonly string[], help: string): string[]
  }
  /** Variables that it may inherit besides the common ones. */
  readonly keepsEnvironment: RegExp
  /** Variables that it always gets. */
  readonly environment: Readonly<Record<string, string>>
  /** How it is told the key that it asks for; undefined: it asks for none. Never by its arguments, which `ps` shows (rule 12). */
  readonly key?: KeyChannel
  /** Local paths that must be there before it is started, with what they are for. */
  needs(spec: ReplicaSpec): { path: string; what: string }[]
  readonly healthPath: string
  readonly modelsPath: string
  /** Where a model is loaded by `POST {"model": …}`. */
  readonly loadPath: string
  /**
   * How long it may take to leave after a TERM, once nobody is connected; 0: it is killed at once. An engine that goes on
   * accepting while it leaves breaks what it accepts, and a refused connection moves on.
   */
  readonly stopGraceMs: number
  /** What the answers of the two paths mean. */
  judge(spec: ReplicaSpec, health: HttpAnswer, models: HttpAnswer): EngineHealth
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
 * - `silent`: no answer in time, which is load, not death (rule 5).
 * - `refused`: nobody listens.
 * - `erring`: an explicit 5xx, which withdraws when it repeats.
 * - `failed`: it says that it cannot serve what it must; `reload` names models that it may be told to load again, while it
 *   serves others.
 */
export type EngineHealth =
  | { readonly kind: 'ready'; readonly models: readonly string[] }
  | { readonly kind: 'loading'; readonly message: string; readonly load: readonly string[] }
  | { readonly kind: 'silent' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'erring'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string; readonly reload: readonly string[] }
