import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'

/** Often enough that a wait costs nothing, seldom enough that two cores of polled Slurm are not busy with us. */
const DEFAULT_INTERVAL_MS = 100

export type UntilOptions<T> = {
  /** On a machine of one's own; `LAB_PATIENCE` times as long where that is set. */
  timeoutMs: number
  /** What the value must fulfil; without it, it must be truthy. */
  holds?: (value: T) => boolean
  intervalMs?: number
}

/**
 * Looks again and again until the value holds, and returns it. A look that throws is a look at something that is not
 * there yet; it is waited out like any other, and is the `cause` when nothing better was seen.
 * @throws when the time is over, with `what` and the last value seen
 */
export async function until<T>(
  what: string,
  look: (signal: AbortSignal) => T | Promise<T>,
  { timeoutMs: ownMs, holds = Boolean, intervalMs = DEFAULT_INTERVAL_MS }: UntilOptions<T>,
): Promise<T> {
  const timeoutMs = ownMs * Number(process.env['LAB_PATIENCE'] ?? 1)
  const deadline = AbortSignal.timeout(timeoutMs)
  let last: { value: T } | { error: unknown } | undefined
  while (!deadline.aborted) {
    try {
      const value = await Promise.race([look(deadline), rejection(deadline)])
      if (holds(value)) {
        return value
      }
      last = { value }
    } catch (error) {
      // The deadline cut this look short; the one before it says more.
      if (!deadline.aborted || last === undefined) {
        last = { error }
      }
    }
    await sleep(intervalMs)
  }
  throw new Error(`Cannot see ${what}: not within ${timeoutMs} ms, last seen ${describe(last)}`, {
    cause: last && 'error' in last ? last.error : undefined,
  })
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function describe(last: { value: unknown } | { error: unknown } | undefined): string {
  if (last === undefined) {
    return 'nothing'
  }
  return 'error' in last
    ? `an error: ${last.error instanceof Error ? last.error.message : last.error}`
    : inspect(last.value)
}
