import type { Clock } from './clock.ts'

/** For commands that only look: time for a child to end, or to remove a trial file. */
const LOOKING_MS = 1_000

/**
 * The time of each command to finish or undo its work. Commands that are not listed run until a signal, and end in their own order.
 */
const ORDER_MS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    ['check', 'schema', 'status', 'logs', 'explain', 'plan', 'doctor', 'render'].map(name => [name, LOOKING_MS]),
  ),
  // Removes its incomplete directory.
  install: 5_000,
  // Ends the recording.
  profile: 15_000,
  // Asks Slurm once more about an order that was cut short.
  submit: 60_000,
  drain: 60_000,
  stop: 60_000,
}

/** As shells show a program that a signal has ended. */
const CODES: Readonly<Record<string, number>> = { SIGINT: 130, SIGPIPE: 141, SIGTERM: 143 }

/**
 * Ends a command some time after its first signal, even while it waits for a filesystem, a program or a name server that does not
 * answer. A command that ends by itself before keeps its own exit code.
 */
export function endAtSignal(command: string, signal: AbortSignal, clock: Clock, exit: (code: number) => void): void {
  const orderMs = Object.hasOwn(ORDER_MS, command) ? ORDER_MS[command] : undefined
  if (orderMs === undefined) return
  signal.addEventListener(
    'abort',
    () => void clock.sleep(orderMs).then(() => exit(CODES[String(signal.reason)] ?? CODES['SIGTERM'] ?? 1)),
    { once: true },
  )
}
