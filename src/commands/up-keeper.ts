import { spawn } from 'node:child_process'
import type { UpPlaces } from './up-sweep.ts'

/**
 * Waits for the end of a pipe that only `sluice up` holds open. A word before the end says that all was cleared away;
 * without it `sluice up` was killed, and the sweep does it.
 */
const KEEPER = `
trap '' TERM INT HUP
IFS= read -r word <&3 && exit 0
exec "$@" 3<&-
`

/** Starts the process that clears away after this one if it is killed; `release` ends it when there is nothing left to do. */
export function startKeeper(self: readonly string[], { work, gateway, shared }: UpPlaces): { release(): void } {
  const sweep = [...self, 'up-sweep', '--work', work, '--gateway', gateway, '--shared', shared]
  const child = spawn('/bin/sh', ['-c', KEEPER, 'sluice', ...sweep], {
    cwd: '/',
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    detached: true, // a terminal that ends us must not end it
  })
  child.on('error', () => undefined) // without it a killed `up` leaves more behind, and that is all
  child.unref()
  const pipe = child.stdio[3]
  return {
    release() {
      if (pipe !== null && pipe !== undefined && 'end' in pipe) pipe.end('done\n')
    },
  }
}
