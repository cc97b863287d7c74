import type { BuildArgv, Engine } from '../../../core/engines/engine.ts'
import { ask } from './inspect-program.ts'

/**
 * The arguments in the form that this build of the engine accepts. The program is asked at most once, and only if an argument
 * needs it, because vLLM takes seconds to print its version.
 */
export function argvBuilder(
  { changed }: Engine,
  program: {
    readonly command: string
    /** The words between the command and the engine's own arguments. */
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
