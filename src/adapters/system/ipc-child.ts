import { spawn } from 'node:child_process'
import { signal } from './processes.ts'
import { onStreamLines } from './stream-lines.ts'

/** A child in a session of its own, which gets no signals of a terminal. Its channel closes when this process ends. */
export interface IpcChild {
  readonly pid: number
  /** How it ended, in words, after its last line; never rejects. */
  readonly exited: Promise<string>
  signal(name: NodeJS.Signals): void
}

export interface IpcChildOptions {
  readonly argv: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** Its standard input. */
  readonly input: string
  /** Receives each line of its standard output and error; a line of more than 64 Ki characters in pieces. */
  onLine(line: string): void
}

/** @throws when it cannot be started. */
export function startIpcChild({ argv: [program = '', ...argv], env, input, onLine }: IpcChildOptions): IpcChild {
  const child = spawn(program, argv, { env, detached: true, stdio: ['pipe', 'pipe', 'pipe', 'ipc'] })
  const exited = new Promise<string>(resolve => {
    child.once('error', error => resolve(error.message))
    child.once('close', (code, name) => resolve(name === null ? `ended with code ${code}` : `was ended by ${name}`))
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`Cannot start "${program}"`)
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) onStreamLines(stream, onLine)
  }
  child.stdin?.on('error', () => undefined).end(input) // `exited` reports a child that ended before it read
  return {
    pid,
    exited,
    signal(name) {
      if (child.exitCode === null && child.signalCode === null) signal(pid, name)
    },
  }
}
