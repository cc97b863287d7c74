import type { ResultPromise } from 'execa'

/** What a test may say about a command that it runs in the lab. */
export type CommandOptions = {
  cwd?: string
  input?: string
  /** false: a failure is a result, too. */
  reject?: boolean
  cancelSignal?: AbortSignal
}

/** Both the running command and, awaited, its result. */
export type Command = ResultPromise<CommandOptions>
