import type { WriteStream } from 'node:tty'
import type { Context } from '../../core/context.ts'

// ECMA-48: CUP without parameters, and ED 2.
const HOME_AND_CLEAR = '\u001b[H\u001b[2J'

/** The only control sequences that we send to a terminal. */
export function terminalOf(stream: WriteStream): NonNullable<Context['terminal']> {
  return {
    get columns() {
      return stream.columns
    },
    get rows() {
      return stream.rows
    },
    clear: () => void stream.write(HOME_AND_CLEAR),
  }
}
