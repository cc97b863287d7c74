import { spawn } from 'node:child_process'
import type { UpPlaces } from './sweep.ts'

/**
 * Waits for the end of a pipe that only `sluice up` holds open. A word before the end means that `sluice up` has cleaned up.
 * Without it `sluice up` was killed, and the sweep cleans up.
 */
const SWEEPER_SCRIPT = `
trap '' TERM INT HUP
IFS= read -r word <&3 && exit 0
exec "$@" 3<&-
`

/** The process that cleans up if this one is killed. */
export interface Sweeper {
  /** Reports that everything is cleaned up; resolves when the sweeper has ended. */
  release(): Promise<void>
}

export function startSweeper(self: readonly string[], { work, gateway, shared }: UpPlaces): Sweeper {
  const sweep = [...self, 'up-sweep', '--work', work, '--gateway', gateway, '--shared', shared]
  const child = spawn('/bin/sh', ['-c', SWEEPER_SCRIPT, 'sluice', ...sweep], {
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    detached: true, // a terminal that ends us must not end it
  })
  // An error is ignored: without a sweeper a killed `up` only leaves more behind.
  const ended = new Promise<void>(resolve => child.once('error', () => resolve()).once('exit', () => resolve()))
  child.unref()
  const pipe = child.stdio[3]
  return {
    release() {
      if (pipe !== null && pipe !== undefined && 'end' in pipe) pipe.end('done\n')
      child.ref()
      return ended
    },
  }
}
