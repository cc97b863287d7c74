import { codeOf, reasonOf } from '../../core/domain/caught.ts'

/** A standard stream, or a substitute. */
interface Output {
  on(event: 'error', listener: (error: Error) => void): unknown
}

/**
 * Commands that only print: they end without a reader, as after `| head`. The others finish their work, or serve on, silently.
 */
const SHOWING = ['check', 'schema', 'status', 'logs', 'explain', 'plan', 'doctor', 'render']

/** Errors after the end of a reader (EPIPE) or of a terminal (EIO). */
const GONE = ['EPIPE', 'EIO']

export interface HeardOutputs {
  /** Called at the start of the command of this name; `output`: it writes a file or directory besides its text. */
  begins(command: string, output?: string): void
  /** Why the output is incomplete although it has a reader, such as a full disk. */
  trouble(): string | undefined
}

/** Without this, the end of a reader would end the process with a stack trace. `onGone` is called if the command served only that reader. */
export function hearOutputs(stdout: Output, stderr: Output, onGone: () => void): HeardOutputs {
  let command: string | undefined
  let trouble: string | undefined
  stdout.on('error', error => {
    if (!GONE.includes(codeOf(error) ?? '')) trouble = `Cannot write standard output: ${reasonOf(error)}`
    else if (command !== undefined && SHOWING.includes(command)) onGone()
  })
  stderr.on('error', () => undefined) // it cannot be reported anywhere
  return {
    begins(name, output) {
      command = output === undefined ? name : undefined
    },
    trouble: () => trouble,
  }
}
