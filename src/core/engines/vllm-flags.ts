import type { BuildArgv } from './engine.ts'

/** Flags that not every version of vLLM knows. With one of them, the build's version is read before its start. */
export const CHANGED_FLAGS: readonly string[] = ['--disable-log-requests', '--task']

/** The minor version of 0.x from which on no change below is needed. */
const FIRST_CHANGED = 12

/**
 * The arguments for the build with this version text. A build without a version is taken for a new one.
 *
 * - Since 0.10.1 vLLM logs no requests by default; --disable-log-requests is an unknown argument since 0.12 (reference:
 *   vllm/utils/argparse_utils.py of 0.11).
 * - `--task` became `--runner` in 0.10, and was removed a year later.
 */
export function toBuild(argv: readonly string[], buildText: string): BuildArgv {
  const version = /^(?:vllm )?(\d+)\.(\d+)\S*$/im.exec(buildText)
  if (version !== null && Number(version[1]) === 0 && Number(version[2]) < FIRST_CHANGED) return { argv, notes: [] }
  const who = `vLLM ${version?.[0] ?? 'of today'}`
  const notes: string[] = []
  const task = argv.indexOf('--task')
  const runner = RUNNERS[argv[task + 1] ?? '']
  const isLogged = argv.includes('--disable-log-requests')
  if (isLogged) notes.push(`${who} logs no requests by default: --disable-log-requests is left out`)
  if (task !== -1 && runner !== undefined) notes.push(`${who} has no --task: it gets --runner ${runner}`)
  const changed = argv.flatMap((word, index): string[] => {
    if (word === '--disable-log-requests') return []
    if (task === -1 || runner === undefined) return [word]
    return index === task ? ['--runner'] : index === task + 1 ? [runner] : [word]
  })
  return { argv: changed, notes }
}

/** Other tasks also need a conversion of the model, which only the user can choose. */
const RUNNERS: Readonly<Record<string, string>> = { generate: 'generate', embed: 'pooling', embedding: 'pooling' }
