import type { BuildArgv, Engine } from '../engines/engine.ts'
import { ask } from './inspect-program.ts'

/** The arguments as this build of the engine takes them; it is asked only where one of them calls for it. */
export async function buildArgv(
  { changed }: Engine,
  argv: readonly string[],
  program: { readonly command: string; readonly env: Readonly<Record<string, string>> },
): Promise<BuildArgv> {
  if (changed === undefined || !changed.flags.some(flag => argv.includes(flag))) return { argv, notes: [] }
  return changed.toBuild(argv, await ask(program.command, changed.ask, program.env))
}
