import type { ContainerRuntime } from './runtime.ts'

/** What is true of the node and wrong in an image: where its programs and libraries are, its user, its disks, its locale. */
const OF_THE_NODE = /^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|LANG|LC_[A-Z]+|LD_LIBRARY_PATH|XDG_CACHE_HOME)$/

/** Two environments: of the engine in its container, and of the runtime that starts it. */
export interface Environments {
  readonly inside: Readonly<Record<string, string>>
  readonly outside: Readonly<Record<string, string>>
}

/**
 * Divides an engine's environment. `engine` is all of it, `asked` what the tier says, `job` what this process was given:
 * the runtime gets of that what is the node's, and what it needs itself.
 */
export function environments(
  runtime: ContainerRuntime,
  {
    engine,
    asked,
    job,
  }: {
    readonly engine: Readonly<Record<string, string>>
    readonly asked: Readonly<Record<string, string>>
    readonly job: Readonly<Record<string, string | undefined>>
  },
): Environments {
  const isDropped = (name: string) => runtime.dropsEnvironment?.test(name) === true
  const inside = {
    // Home is mounted by most runtimes, and packages that somebody has there would be taken before the image's.
    PYTHONNOUSERSITE: '1',
    // A Python program that gives itself a title would write it over the marker (reference: setproctitle, SPT_NOENV).
    SPT_NOENV: '1',
    ...pick(engine, name => !isDropped(name) && (!OF_THE_NODE.test(name) || Object.hasOwn(asked, name))),
  }
  const outside = pick(job, name => !isDropped(name) && (OF_THE_NODE.test(name) || runtime.keepsEnvironment.test(name)))
  return { inside, outside }
}

function pick(
  env: Readonly<Record<string, string | undefined>>,
  isKept: (name: string) => boolean,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && isKept(entry[0])),
  )
}
