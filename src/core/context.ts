/** What a command may touch of the process that runs it; read once, in cli.ts. */
export interface Context {
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** Whom this process is of; undefined where nobody asks. */
  readonly uid?: number | undefined
  /** The argv that starts this program again. */
  readonly self: readonly string[]
  /** One line for standard output; what a terminal would obey is taken out of it. */
  print(line: string): void
  /** One line for standard error, likewise. */
  warn(line: string): void
  /** Of standard output; undefined when it is no terminal. */
  readonly terminal?: { readonly columns: number; readonly rows?: number; clear(): void } | undefined
  /**
   * Calls the listener at each SIGHUP, until the function that it returns is called; at once for one that came before. Of
   * those commands alone that a SIGHUP does not end (cli.ts).
   */
  onHangup(listener: () => void): () => void
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal
}
