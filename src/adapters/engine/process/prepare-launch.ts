import { appendFile } from 'node:fs/promises'
import { START_LINE } from '../../../core/domain/engine-log.ts'
import type { Engine } from '../../../core/engines/engine.ts'
import type { ProgramLaunch } from '../../../core/engines/profiling.ts'
import { ask } from './inspect-program.ts'

/** What is to be started, and what was changed for this build, for people. */
export interface PreparedLaunch extends ProgramLaunch {
  readonly notes: readonly string[]
}

/**
 * Puts an engine's arguments, as this build takes them, behind the words that start its program. The program is asked at
 * most once, and only where one of the arguments calls for it: vLLM takes seconds to say its version.
 */
export function launchPreparer(
  { changed }: Engine,
  { words, env }: { readonly words: readonly [string, ...string[]]; readonly env: Readonly<Record<string, string>> },
): (argv: readonly string[]) => Promise<PreparedLaunch> {
  const [command, ...first] = words
  let buildText: Promise<string> | undefined
  return async argv => {
    if (changed === undefined || !changed.flags.some(flag => argv.includes(flag))) {
      return { command, argv: [...first, ...argv], env, notes: [] }
    }
    buildText ??= ask(command, [...first, ...changed.ask], env)
    const build = changed.toBuild(argv, await buildText)
    return { command, argv: [...first, ...build.argv], env, notes: build.notes }
  }
}

/** Marks the start in the engine's log, which outlives the processes that write it. */
export async function beginLog(logFile: string, notes: readonly string[]): Promise<void> {
  await appendFile(logFile, [START_LINE, ...notes.map(note => `sluice: ${note}`), ''].join('\n'), { mode: 0o640 })
}
