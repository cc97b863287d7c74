import type { Clock } from '../system/clock.ts'

/** Commands that only look, by name: whatever still runs of them may be cut. The others put something in order first. */
const LOOKING: ReadonlySet<string> = new Set([
  'check',
  'schema',
  'status',
  'logs',
  'explain',
  'plan',
  'doctor',
  'render',
])

/** For what ends in order: a child that was asked to leave, a file of a trial. */
const ORDER_MS = 1_000

/** As shells show a program that a signal has ended. */
const CODES: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 }

/**
 * Ends a command that only looks a moment after its first signal, wherever it waits: for a filesystem, a program or a
 * name server that does not answer. One that ends by itself until then keeps its own exit code.
 */
export function endAtSignal(command: string, signal: AbortSignal, clock: Clock, exit: (code: number) => void): void {
  if (!LOOKING.has(command)) return
  signal.addEventListener(
    'abort',
    () => void clock.sleep(ORDER_MS).then(() => exit(CODES[String(signal.reason)] ?? CODES['SIGTERM'] ?? 1)),
    { once: true },
  )
}
