import { tmpdir } from 'node:os'
import { Readable } from 'node:stream'
import type { Context } from '../../src/core/context.ts'
import { linePrinter } from '../../src/core/text/line-printer.ts'

/** A context whose lines are kept, as a terminal gets them. */
export interface RecordedContext extends Context {
  readonly printed: string[]
  readonly warned: string[]
}

export function recordedContext(changes: Partial<Context> = {}): RecordedContext {
  const printed: string[] = []
  const warned: string[] = []
  return {
    printed,
    warned,
    cwd: '/',
    self: [],
    print: linePrinter({ write: text => printed.push(text.slice(0, -1)) }),
    warn: linePrinter({ write: text => warned.push(text.slice(0, -1)) }),
    stdoutFd: 1,
    stdin: () => Readable.from([]),
    onSignal: () => undefined,
    onHangup: () => () => undefined,
    dieWithParent: () => undefined,
    endWith: () => undefined,
    signal: new AbortController().signal,
    ...changes,
    // A `sluice up` that runs on this machine is not one of the test's.
    env: { TMPDIR: tmpdir(), ...changes.env },
  }
}
