import type { Readable } from 'node:stream'

/**
 * All that a command or program may touch of the process that runs it; made once, in cli.ts. round-the-context.test.ts lists what
 * asks the process itself, with the reasons.
 */
export interface Context {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** The uid of this process; absent in tests that do not need it. */
  readonly uid?: number | undefined
  /** The argv that starts this program again. */
  readonly self: readonly string[]
  /** One line for standard output; what a terminal would obey is taken out of it. */
  print(line: string): void
  /** One line for standard error, likewise. */
  warn(line: string): void
  /** Standard output's descriptor, for lines that must never wait for it (nonblocking-output.ts). */
  readonly stdoutFd: number
  /** Of standard output; undefined when it is no terminal. */
  readonly terminal?: { readonly columns: number; readonly rows?: number; clear(): void } | undefined
  /** Standard input. One caller reads it, once. */
  stdin(): Readable
  /** Asks the person at the terminal; undefined when standard input or output is not one. Rejects when `signal` aborts. */
  readonly ask?: ((question: string) => Promise<string>) | undefined
  /** Calls the listener at each such signal from now on, instead of what the signal would do. */
  onSignal(name: NodeJS.Signals, listener: () => void): void
  /**
   * Calls the listener at each SIGHUP, until the function that it returns is called. An earlier SIGHUP is delivered at once. Only
   * for commands that SIGHUP does not end (cli.ts).
   */
  onHangup(listener: () => void): () => void
  /** From now on this process kills itself when its parent's IPC channel closes. */
  dieWithParent(): void
  /** The exit code of a command that ends without an error: 0 unless this was called. */
  endWith(code: number): void
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal
}
