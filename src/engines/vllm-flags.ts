import type { BuildArgv } from './engine.ts'

/** Flags that not every version of vLLM knows: with one of them, a build is asked for its version before it is started. */
export const CHANGED_FLAGS: readonly string[] = ['--disable-log-requests']

const FIRST_WITHOUT = 12

/**
 * Since 0.10.1 vLLM logs no requests unless told to; what told it not to is an unknown argument since 0.12 (reference:
 * vllm/utils/argparse_utils.py of 0.11). A build that does not say its version is taken for a new one.
 */
export function toBuild(argv: readonly string[], said: string): BuildArgv {
  const version = /^(?:vllm )?(\d+)\.(\d+)\S*$/im.exec(said)
  const isOld = version !== null && Number(version[1]) === 0 && Number(version[2]) < FIRST_WITHOUT
  if (isOld || !argv.some(word => CHANGED_FLAGS.includes(word))) return { argv, notes: [] }
  return {
    argv: argv.filter(word => !CHANGED_FLAGS.includes(word)),
    notes: [`vLLM ${version?.[0] ?? 'of today'} logs no requests unless told to: --disable-log-requests is left out`],
  }
}
