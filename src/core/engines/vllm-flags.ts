import type { BuildArgv } from './engine.ts'

/** Flags that not every version of vLLM knows: with one of them, a build is asked for its version before it is started. */
export const CHANGED_FLAGS: readonly string[] = ['--disable-log-requests', '--task']

/** Of 0.x; from here on none of what is changed below can be missed. */
const FIRST_CHANGED = 12

/**
 * The arguments for the build that says this of its version. One that does not say it is taken for a new one.
 *
 * - Since 0.10.1 vLLM logs no requests unless told to; what told it not to is an unknown argument since 0.12 (reference:
 *   vllm/utils/argparse_utils.py of 0.11).
 * - `--task` became `--runner` in 0.10, and was removed a year later.
 */
export function toBuild(argv: readonly string[], said: string): BuildArgv {
  const version = /^(?:vllm )?(\d+)\.(\d+)\S*$/im.exec(said)
  if (version !== null && Number(version[1]) === 0 && Number(version[2]) < FIRST_CHANGED) return { argv, notes: [] }
  const who = `vLLM ${version?.[0] ?? 'of today'}`
  const notes: string[] = []
  const task = argv.indexOf('--task')
  const runner = RUNNERS[argv[task + 1] ?? '']
  const isLogged = argv.includes('--disable-log-requests')
  if (isLogged) notes.push(`${who} logs no requests unless told to: --disable-log-requests is left out`)
  if (task !== -1 && runner !== undefined) notes.push(`${who} has no --task: it is told --runner ${runner}`)
  const changed = argv.flatMap((word, index): string[] => {
    if (word === '--disable-log-requests') return []
    if (task === -1 || runner === undefined) return [word]
    return index === task ? ['--runner'] : index === task + 1 ? [runner] : [word]
  })
  return { argv: changed, notes }
}

/** Other tasks need a conversion of the model besides, which is the user's to say. */
const RUNNERS: Readonly<Record<string, string>> = { generate: 'generate', embed: 'pooling', embedding: 'pooling' }
