import { codeOf, reasonOf } from '../../core/domain/caught.ts'

/** A standard stream, or what stands for one. */
interface Output {
  on(event: 'error', listener: (error: Error) => void): unknown
}

/**
 * Commands that only show something: without a reader, as after `| head`, nothing is left for them to do. The others finish what
 * they were asked for, or serve on, in silence.
 */
const SHOWING = ['check', 'schema', 'status', 'logs', 'explain', 'plan', 'doctor', 'render']

/** A reader that went (EPIPE), and a terminal that did (EIO). */
const GONE = ['EPIPE', 'EIO']

export interface HeardOutputs {
  /** A command of this name begins; `output`: where it writes something else than here, whoever reads its words. */
  begins(command: string, output?: string): void
  /** Why what was printed is not whole, though somebody wants it: the disk is full. */
  trouble(): string | undefined
}

/** Without this, a reader that has seen enough would end the process with a stack. `onGone` is called when only it was served. */
export function hearOutputs(stdout: Output, stderr: Output, onGone: () => void): HeardOutputs {
  let command: string | undefined
  let trouble: string | undefined
  stdout.on('error', error => {
    if (!GONE.includes(codeOf(error) ?? '')) trouble = `Cannot write standard output: ${reasonOf(error)}`
    else if (command !== undefined && SHOWING.includes(command)) onGone()
  })
  stderr.on('error', () => undefined) // who would be told of it does not listen
  return {
    begins(name, output) {
      command = output === undefined ? name : undefined
    },
    trouble: () => trouble,
  }
}
