import { spawn } from 'node:child_process'
import type { UpPlaces } from './sweep.ts'

/**
 * Waits for the end of a pipe that only `sluice up` holds open. A word before the end says that all was cleared away;
 * without it `sluice up` was killed, and the sweep does it.
 */
const SWEEPER_SCRIPT = `
trap '' TERM INT HUP
IFS= read -r word <&3 && exit 0
exec "$@" 3<&-
`

/** The process that clears away after this one if it is killed. */
export interface Sweeper {
  /** There is nothing left to do: resolves when the process has ended. */
  release(): Promise<void>
}

export function startSweeper(self: readonly string[], { work, gateway, shared }: UpPlaces): Sweeper {
  const sweep = [...self, 'up-sweep', '--work', work, '--gateway', gateway, '--shared', shared]
  const child = spawn('/bin/sh', ['-c', SWEEPER_SCRIPT, 'sluice', ...sweep], {
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    detached: true, // a terminal that ends us must not end it
  })
  // An error: without a sweeper a killed `up` leaves more behind, and that is all.
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
