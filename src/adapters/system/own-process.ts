import { createInterface } from 'node:readline/promises'
import type { Context } from '../../core/context.ts'
import { linePrinter } from '../../core/text/line-printer.ts'
import { printableLine } from '../../core/text/printable-text.ts'
import { terminalOf } from './terminal.ts'
import { workingDirectory } from './working-directory.ts'

/** The context of a command, from the process that runs it. */
export function contextOf(own: NodeJS.Process, heard: Pick<Context, 'onHangup' | 'endWith' | 'signal'>): Context {
  const isTerminal = own.stdout.isTTY
  return {
    env: own.env,
    cwd: workingDirectory(),
    uid: own.getuid?.(),
    self: [own.execPath, own.argv[1] ?? ''],
    print: linePrinter(own.stdout),
    warn: linePrinter(own.stderr),
    stdoutFd: own.stdout.fd,
    terminal: isTerminal ? terminalOf(own.stdout) : undefined,
    stdin: () => own.stdin,
    // A getter: looking at standard input opens it.
    get ask() {
      return isTerminal && own.stdin.isTTY ? (question: string) => ask(own, question, heard.signal) : undefined
    },
    onSignal(name, listener) {
      own.on(name, listener)
    },
    dieWithParent() {
      own.once('disconnect', () => own.kill(own.pid, 'SIGKILL'))
    },
    ...heard,
  }
}

/** On standard error: standard output is for what was done. A question may quote another program's names. */
async function ask({ stdin, stderr }: NodeJS.Process, question: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: stdin, output: stderr })
  try {
    return await lines.question(printableLine(question), { signal })
  } finally {
    lines.close()
  }
}
