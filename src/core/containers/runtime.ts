import type { ContainerSpec } from '../domain/replica-spec.ts'

/** A way to run a program in an image, as data and one pure function; the RUNTIMES table holds one for each. */
export interface ContainerRuntime {
  /** Looked up on PATH of the node. */
  readonly program: string
  /** What its `--help` must name: a plugin that not every site has, with what to say where it is not there. */
  readonly plugin?: { readonly option: string; readonly missing: string }
  /** The image is a path on the nodes, rather than a name that the runtime looks up. */
  isPath(image: string): boolean
  /** Variables of the job that the runtime itself must have. */
  readonly keepsEnvironment: RegExp
  /** Whatever the job says of these, the runtime must not hear it. */
  readonly dropsEnvironment?: RegExp
  /** What it shows of the node's files is the site's to say: nothing is mounted unasked. */
  readonly mountsNothing?: true
  contain(order: ContainerOrder): Containment
}

/** What is to run, and with what. */
export interface ContainerOrder {
  readonly container: ContainerSpec
  /** The engine's own program in the image: entry points of images change between versions, so it is always named. */
  readonly command: string
  /** Those of the container, and those that the engine needs. */
  readonly mounts: readonly Mount[]
  /** All that the engine is to find in its environment. */
  readonly inside: Readonly<Record<string, string>>
  /** Those of them that beat the image's own, and are no secrets. */
  readonly asked: Readonly<Record<string, string>>
  /** What the runtime finds in its own. */
  readonly outside: Readonly<Record<string, string>>
  /** Of the endpoint: no other container of the account on this node has it. */
  readonly name: string
  /** A directory on this node's own disk that is this replica's; it may grow by the size of the image. */
  readonly scratch: string
  readonly node: string
  /** Processors that the job has on the node. */
  readonly cpus: number
}

export interface Mount {
  readonly source: string
  readonly target: string
  readonly isReadOnly: boolean
}

/** A program in a container: its arguments follow the words. */
export interface Containment {
  readonly words: readonly [string, ...string[]]
  /** The whole environment of the first of the words. */
  readonly env: Readonly<Record<string, string>>
  /** What to run once all processes that are ours have been killed, as this leaves something behind; no harm if it does not. */
  readonly cleanUp?: readonly string[]
  /** A KILL would leave the engine to itself: it is asked to end by TERM, and given this long. */
  readonly termMs?: number
}

/** `--flag value` for each. */
export function repeated(flag: string, values: readonly string[]): string[] {
  return values.flatMap(value => [flag, value])
}

/** `source:target`, and `:ro`, as all runtimes write it. */
export function mountText({ source, target, isReadOnly }: Mount): string {
  return `${source}:${target}${isReadOnly ? ':ro' : ''}`
}
