import type { Context } from '../../src/commands/context.ts'

/** A context whose lines are kept. */
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
    env: {},
    cwd: '/',
    self: [],
    print: line => void printed.push(line),
    warn: line => void warned.push(line),
    onHangup: () => () => undefined,
    signal: new AbortController().signal,
    ...changes,
  }
}
