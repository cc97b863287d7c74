import type { Clock } from './clock.ts'

/** For what ends in order where a command only looks: a child that was asked to leave, a file of a trial. */
const LOOKING_MS = 1_000

/**
 * How long each command has to put in order what it had begun. Those that are not here run until they are told to end, and
 * have an order of their own.
 */
const ORDER_MS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    ['check', 'schema', 'status', 'logs', 'explain', 'plan', 'doctor', 'render'].map(name => [name, LOOKING_MS]),
  ),
  // Takes what is not whole away again.
  install: 5_000,
  // Has the recording ended.
  profile: 15_000,
  // Ask Slurm once more what became of an order that was cut short.
  submit: 60_000,
  drain: 60_000,
  stop: 60_000,
}

/** As shells show a program that a signal has ended. */
const CODES: Readonly<Record<string, number>> = { SIGINT: 130, SIGPIPE: 141, SIGTERM: 143 }

/**
 * Ends a command some time after its first signal, wherever it waits: for a filesystem, a program or a name server that
 * does not answer. One that ends by itself until then keeps its own exit code.
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
