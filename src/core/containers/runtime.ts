import type { ContainerSpec } from '../domain/replica-spec.ts'

/** A way to run a program in an image, as data and one pure function; the RUNTIMES table holds one for each. */
export interface ContainerRuntime {
  /** The program, looked up on the node's PATH. */
  readonly program: string
  /** An option that its `--help` must list, because not every site has the plugin, and the message where it is missing. */
  readonly plugin?: { readonly option: string; readonly missing: string }
  /** The image is a path on the nodes, not a name that the runtime looks up. */
  isPath(image: string): boolean
  /** Variables of the job that the runtime itself needs. */
  readonly keepsEnvironment: RegExp
  /** Variables of the job that the runtime must not get. */
  readonly dropsEnvironment?: RegExp
  /** The site decides which files of the node are visible; Sluice mounts nothing by itself. */
  readonly mountsNothing?: true
  contain(order: ContainerOrder): Containment
}

/** The program to run, with its environment and files. */
export interface ContainerOrder {
  readonly container: ContainerSpec
  /** The engine's program in the image. It is always named, because entry points of images change between versions. */
  readonly command: string
  /** Mounts of the container and of the engine. */
  readonly mounts: readonly Mount[]
  /** The whole environment of the engine. */
  readonly inside: Readonly<Record<string, string>>
  /** The part of it that overrides the image's, and holds no secrets. */
  readonly asked: Readonly<Record<string, string>>
  /** The environment of the runtime. */
  readonly outside: Readonly<Record<string, string>>
  /** A name from the endpoint, unique among the account's containers on this node. */
  readonly name: string
  /** A directory of this replica on the node's own disk; it may grow by the size of the image. */
  readonly scratch: string
  readonly node: string
  /** Processors of the job on the node. */
  readonly cpus: number
}

export interface Mount {
  readonly source: string
  readonly target: string
  readonly isReadOnly: boolean
}

/** How to run a program in a container: its arguments follow `words`. */
export interface Containment {
  readonly words: readonly [string, ...string[]]
  /** The whole environment of the first of the words. */
  readonly env: Readonly<Record<string, string>>
  /** A command that cleans up once all our processes have been killed; harmless where nothing is left. */
  readonly cleanUp?: readonly string[]
  /** A KILL of the runtime would leave the engine running: the runtime gets a TERM and this long to end. */
  readonly termMs?: number
}

/** `--flag value` for each. */
export function repeated(flag: string, values: readonly string[]): string[] {
  return values.flatMap(value => [flag, value])
}

/** `source:target`, and `:ro` for read-only, as all runtimes write it. */
export function mountText({ source, target, isReadOnly }: Mount): string {
  return `${source}:${target}${isReadOnly ? ':ro' : ''}`
}
