import { open, stat } from 'node:fs/promises'
import type { Clock } from '../../system/clock.ts'
import { acceptingGenerations } from '../render/generation-mark.ts'
import { WORKERS } from '../render/render-gateway.ts'
import type { StateDirectory } from '../state-directory.ts'
import { findNginx, isAccepting, type NginxProcess, readAgain } from './nginx-processes.ts'

export interface Expectation {
  /** Undefined: none may answer any more. */
  readonly generation: number | undefined
  /** What a worker answers (`askGeneration`). */
  readonly ask: () => Promise<number | undefined>
  /** Undefined right after a start, which is over when the master holds its ports. */
  readonly master: NginxProcess | undefined
  /** Workers that accepted connections before the generation was asked for. */
  readonly older: readonly NginxProcess[]
  /** No worker accepts that is in nobody's list: one that was restarted while the reload went on. */
  readonly isAlone: () => boolean
  /** Undefined: nginx logs elsewhere, and a refusal shows as silence. */
  readonly errorLog: string | undefined
  /** Size of the error log at that time. */
  readonly logStart: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Waits until the generation runs, which is later than its first answer: for another 90 to 100 ms old workers accept
 * connections ("After a reload old workers still accept", docs/design/nginx.md). It runs when it answers, every older
 * worker is shutting down or gone, and no other accepts.
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
    // Both look through all processes of the machine, while nginx wants its processor: not before they can matter.
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

/** No worker of a second generation accepts connections, as far as numbers can tell. */
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

/** What the master wrote when it gave up a reload. A complaint of a request is of another level. */
async function refusalSince({ errorLog, logStart, master }: Expectation): Promise<string | undefined> {
  if (errorLog === undefined || (await sizeOf(errorLog)) <= logStart) return undefined
  const file = await open(errorLog, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_LOG_BYTES), {
      position: logStart,
    })
    // Others may write there too, such as a test of theirs.
    const line = new RegExp(`\\[emerg\\] ${master?.pid ?? '\\d+'}#\\d+: (.*)`)
    return line.exec(buffer.toString('utf8', 0, bytesRead))?.[1]
  } finally {
    await file.close()
  }
}

// A reload of 2 000 servers takes under a second; a busy port makes nginx try for 2.5 s before it gives up.
const DEADLINE_MS = 10_000
const POLL_MS = 5
const MAX_LOG_BYTES = 64 * 1024
