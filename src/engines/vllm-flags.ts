import type { BuildArgv } from './engine.ts'

/** Flags that not every version of vLLM knows: with one of them, a build is asked for its version before it is started. */
export const CHANGED_FLAGS: readonly string[] = ['--disable-log-requests']

/**
 * vLLM logged each request until 0.10, unless told not to. Since then it logs none unless told to, and what told it not to
 * is an unknown argument. A build that does not say its version is taken for a new one.
 */
export function toBuild(argv: readonly string[], said: string): BuildArgv {
  const version = /\b(\d+)\.(\d+)(?:\.\d+\S*)?/.exec(said)
  const isOld = version !== null && Number(version[1]) === 0 && Number(version[2]) < 10
  if (isOld || !argv.some(word => CHANGED_FLAGS.includes(word))) return { argv, notes: [] }
  return {
    argv: argv.filter(word => !CHANGED_FLAGS.includes(word)),
    notes: [`vLLM ${version?.[0] ?? 'of today'} logs no requests unless told to: --disable-log-requests is left out`],
  }
}
