import type { ContainerRuntime } from './runtime.ts'

/** Variables that are right on the node and wrong in an image: paths of programs and libraries, user, disks, locale. */
const OF_THE_NODE = /^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|LANG|LC_[A-Z]+|LD_LIBRARY_PATH|XDG_CACHE_HOME)$/

/** Two environments: that of the engine in its container, and that of the runtime that starts it. */
export interface Environments {
  readonly inside: Readonly<Record<string, string>>
  readonly outside: Readonly<Record<string, string>>
}

/**
 * Divides an engine's environment. `engine` is the whole, `asked` the tier's part, `job` this process's own. From the latter the
 * runtime gets the variables of the node and those that it needs itself.
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
    // Most runtimes mount the home directory, and Python packages there would precede the image's.
    PYTHONNOUSERSITE: '1',
    // A Python program that sets its title would overwrite the marker (reference: setproctitle, SPT_NOENV).
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
