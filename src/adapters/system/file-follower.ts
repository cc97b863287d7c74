import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { readAt } from './log-tail.ts'

/** A text file that somebody else appends to, read as whole lines. */
export interface FileFollower {
  /**
   * The lines that were added since the last call; at the first call the last ones, of its last megabyte at most. Opens
   * the file anew each time, which a network filesystem answers truthfully. A file that is not there has none. One that
   * was replaced, or cut, goes on after what was read last where it still has that, and begins again where it has not.
   * A line of more than a megabyte comes in pieces.
   */
  read(): Promise<readonly string[]>
}

/** `lines`: how many to begin with. `wants`: which lines count at all. */
export function followFile(path: string, lines: number, wants: (line: string) => boolean = () => true): FileFollower {
  return follow(path, { lines, wants, skips: false })
}

/**
 * What is added from the first call on. Where that is more than a megabyte between two calls, the last one: who asks what
 * happens now is not to hear of what happened long ago, later and later.
 */
export function newestLines(path: string): FileFollower {
  return follow(path, { lines: 0, wants: () => true, skips: true })
}

function follow(
  path: string,
  { lines, wants, skips }: { lines: number; wants: (line: string) => boolean; skips: boolean },
): FileFollower {
  let place: Place | undefined
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
        const again = place === undefined ? undefined : await findAgain(file, stat.size, place)
        const next = again ?? 0
        const start = isFirst || skips ? Math.max(next, stat.size - MOST_BYTES) : next
        const isCut = start > next
        if (again === undefined || isCut) {
          rest = Buffer.alloc(0)
          place = undefined
        }
        const added = await readAt(file, start, Math.min(stat.size - start, MOST_BYTES))
        const seen = Buffer.concat([place?.seen ?? Buffer.alloc(0), added.subarray(-SEEN_BYTES)]).subarray(-SEEN_BYTES)
        place = { offset: start + added.length, seen }
        const text = Buffer.concat([rest, added])
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

interface Place {
  readonly offset: number
  /** What stood before it. */
  readonly seen: Buffer
}

/** Where to go on; undefined where what was read last does not stand there any more. */
async function findAgain(file: FileHandle, size: number, { offset, seen }: Place): Promise<number | undefined> {
  if (size >= offset && (await readAt(file, offset - seen.length, seen.length)).equals(seen)) return offset
  if (seen.length < SEEN_BYTES) return undefined // a few words may stand in any file
  const from = Math.max(0, size - SEARCHED_BYTES)
  const at = (await readAt(file, from, size - from)).lastIndexOf(seen)
  return at === -1 ? undefined : from + at + seen.length
}

const MOST_BYTES = 1024 * 1024
const SEEN_BYTES = 1024
/** Twice what is kept of a log that is cut (engine-effects.ts). */
const SEARCHED_BYTES = 16 * 1024 * 1024
const NEWLINE = 0x0a

function whenAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
  throw error
}
