import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** A text file that somebody else appends to, read as whole lines. */
export interface GrowingFile {
  /**
   * The lines that were added since the last call; at the first call the last ones, of its last megabyte at most. Opens
   * the file anew each time, which a network filesystem answers truthfully. A file that is not there has none; one that
   * was replaced or cut begins again.
   */
  read(): Promise<readonly string[]>
}

/** `lines`: how many to begin with. `wants`: which lines count at all. */
export function growingFile(path: string, lines: number, wants: (line: string) => boolean = () => true): GrowingFile {
  return follow(path, { lines, wants, skips: false })
}

/**
 * What is added from the first call on. Where that is more than a megabyte between two calls, the last one: who asks what
 * happens now is not to hear of what happened long ago, later and later.
 */
export function newestLines(path: string): GrowingFile {
  return follow(path, { lines: 0, wants: () => true, skips: true })
}

function follow(
  path: string,
  { lines, wants, skips }: { lines: number; wants: (line: string) => boolean; skips: boolean },
): GrowingFile {
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
        const next = goesOn && place !== undefined ? place.offset : 0
        const start = isFirst || skips ? Math.max(next, stat.size - MOST_BYTES) : next
        const isCut = start > next
        if (!goesOn || isCut) rest = Buffer.alloc(0)
        const end = Math.min(stat.size, start + MOST_BYTES)
        const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start)
        place = { inode: stat.ino, offset: start + bytesRead }
        const text = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
        const ended = text.lastIndexOf(NEWLINE) + 1
        // A line that does not end is told in pieces: it may go on for gigabytes.
        const whole = ended === 0 && text.length >= MOST_BYTES ? text.length : ended
        rest = text.subarray(whole)
        const found = text.toString('utf8', 0, whole).split('\n')
        if (whole === ended) found.pop()
        if (isCut) found.shift() // the rest of a line
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
