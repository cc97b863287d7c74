import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** A text file that somebody else appends to, read as whole lines. */
export interface GrowingFile {
  /**
   * The lines that were added since the last call; at the first call the last ones, of its last megabyte at most. Opens
   * the file anew each time, which a network filesystem answers truthfully. A file that is not there has none; one that
   * was replaced or cut begins again. A line of more than a megabyte comes in pieces.
   */
  read(): Promise<readonly string[]>
}

/** `lines`: how many to begin with. `wants`: which lines count at all. */
export function growingFile(path: string, lines: number, wants: (line: string) => boolean = () => true): GrowingFile {
  let place: { inode: number; offset: number } | undefined
  /** An unfinished line. */
  let rest: Buffer = Buffer.alloc(0)
  return {
    async read() {
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(whenAbsent)
      if (file === undefined) return []
      try {
        const stat = await file.stat()
        if (!stat.isFile()) return []
        const isFirst = place === undefined
        const goesOn = place !== undefined && place.inode === stat.ino && stat.size >= place.offset
        const start = goesOn && place !== undefined ? place.offset : isFirst ? Math.max(0, stat.size - MOST_BYTES) : 0
        if (!goesOn) rest = Buffer.alloc(0)
        const end = Math.min(stat.size, start + MOST_BYTES)
        const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start)
        place = { inode: stat.ino, offset: start + bytesRead }
        const text = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
        const whole = text.lastIndexOf(NEWLINE) + 1
        rest = text.subarray(whole)
        const found = text.toString('utf8', 0, whole).split('\n').slice(0, -1)
        if (rest.length >= MOST_BYTES) {
          found.push(rest.toString('utf8'))
          rest = Buffer.alloc(0)
        }
        if (isFirst && start > 0) found.shift() // the rest of a line
        const wanted = found.filter(wants)
        return isFirst ? wanted.slice(Math.max(0, wanted.length - lines)) : wanted
      } finally {
        await file.close()
      }
    },
  }
}

const MOST_BYTES = 1024 * 1024
const NEWLINE = 0x0a

function whenAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
  throw error
}
