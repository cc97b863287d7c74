import { open, stat } from 'node:fs/promises'
import type { Clock } from '../../system/clock.ts'
import { acceptingGenerations } from '../render/generation-mark.ts'
import { WORKERS } from '../render/render-gateway.ts'
import type { StateDirectory } from '../state-directory.ts'
import { findNginx, isAccepting, type NginxProcess, readAgain } from './nginx-processes.ts'

export interface Expectation {
  /** Undefined: no generation may answer any longer. */
  readonly generation: number | undefined
  /** What a worker answers (`askGeneration`). */
  readonly ask: () => Promise<number | undefined>
  /** Undefined right after a start, which ends when the master has its ports. */
  readonly master: NginxProcess | undefined
  /** Workers that accepted connections before the reload. */
  readonly older: readonly NginxProcess[]
  /** Whether no other worker accepts, such as one that was restarted during the reload. */
  readonly isAlone: () => boolean
  /** Undefined: nginx logs elsewhere, and a refusal shows only as a timeout. */
  readonly errorLog: string | undefined
  /** Size of the error log at that time. */
  readonly logStart: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Waits until the generation runs. That is later than its first answer: old workers accept connections for another 90 to 100 ms
 * ("After a reload old workers still accept", docs/design/nginx.md). It runs when it answers, every older worker is shutting down
 * or gone, and no other worker accepts.
 *
 * @throws when nginx refuses it, the master ends, or 10 s pass; with the signal's reason when that aborts.
 */
export async function awaitGeneration(expected: Expectation): Promise<void> {
  const { generation, clock, signal } = expected
  const what = generation === undefined ? 'without the gateway' : `generation ${generation}`
  const deadline = clock.now() + DEADLINE_MS
  for (;;) {
    const accepting = expected.older.filter(one => {
      const now = readAgain(one)
      return now !== undefined && !now.isShuttingDown
    })
    // Both read all processes of the machine and compete with nginx for its processor, so not before they can matter.
    if (accepting.length === 0 && (await expected.ask()) === generation && expected.isAlone()) return
    signal.throwIfAborted()

    const refusal = await refusalSince(expected)
    if (refusal !== undefined) throw new Error(`Cannot run ${what}: nginx refuses it: ${refusal}`)
    if (expected.master !== undefined && readAgain(expected.master) === undefined) {
      throw new Error(`Cannot run ${what}: the master of nginx, pid ${expected.master.pid}, ended`)
    }
    if (clock.now() > deadline) {
      const answer = await expected.ask()
      const found = answer === undefined ? 'no generation answers' : `generation ${answer} answers`
      const workers = accepting.length === 0 ? '' : `, and old workers still accept: ${accepting.map(one => one.pid)}`
      throw new Error(`Cannot run ${what}: after ${DEADLINE_MS / 1000} s ${found}${workers}`)
    }
    await clock.sleep(POLL_MS, signal)
  }
}

/** Whether no worker of another generation accepts connections, by their numbers. */
export function hasOneGeneration(directory: StateDirectory): boolean {
  const found = findNginx(directory.root)
  return acceptingGenerations(found, directory).length <= 1 && found.filter(isAccepting).length <= WORKERS
}

export async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    found => found.size,
    () => 0, // there is no log before the first start
  )
}

/** The master's message when it gave up a reload. Errors of requests have another level. */
async function refusalSince({ errorLog, logStart, master }: Expectation): Promise<string | undefined> {
  if (errorLog === undefined || (await sizeOf(errorLog)) <= logStart) return undefined
  const file = await open(errorLog, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_LOG_BYTES), {
      position: logStart,
    })
    // Other processes may write there too, such as an operator's `nginx -t`.
    const line = new RegExp(`\\[emerg\\] ${master?.pid ?? '\\d+'}#\\d+: (.*)`)
    return line.exec(buffer.toString('utf8', 0, bytesRead))?.[1]
  } finally {
    await file.close()
  }
}

// A reload with 2 000 servers takes less than a second; with a busy port nginx tries for 2.5 s before it gives up.
const DEADLINE_MS = 10_000
const POLL_MS = 5
const MAX_LOG_BYTES = 64 * 1024
