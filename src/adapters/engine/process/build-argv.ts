import type { BuildArgv, Engine } from '../../../core/engines/engine.ts'
import { ask } from './inspect-program.ts'

/**
 * Gives arguments as this build of the engine takes them. The program is asked at most once, and only where one of them
 * calls for it: vLLM takes seconds to say its version.
 */
export function argvBuilder(
  { changed }: Engine,
  program: {
    readonly command: string
    /** What stands between the command and the engine's own arguments. */
    readonly first: readonly string[]
    readonly env: Readonly<Record<string, string>>
  },
): (argv: readonly string[]) => Promise<BuildArgv> {
  let said: Promise<string> | undefined
  return async argv => {
    if (changed === undefined || !changed.flags.some(flag => argv.includes(flag))) return { argv, notes: [] }
    said ??= ask(program.command, [...program.first, ...changed.ask], program.env)
    return changed.toBuild(argv, await said)
  }
}
