import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { readAt } from './log-tail.ts'

/** A text file to which another process appends, read as whole lines. */
export interface FileFollower {
  /**
   * The lines that were added since the last call; at the first call the last ones, from the last megabyte at most. Opens the file
   * again each time, which a network filesystem answers truthfully. A missing file has no lines. A replaced or cut file continues
   * after the last read text if that is still there, and otherwise begins again. A line of more than a megabyte comes in pieces.
   */
  read(): Promise<readonly string[]>
}

/** `lines`: the number of lines at the first call. `wants`: which lines count. */
export function followFile(path: string, lines: number, wants: (line: string) => boolean = () => true): FileFollower {
  return follow(path, { lines, wants, skips: false })
}

/**
 * The text that is added from the first call on. Of more than a megabyte between two calls only the last megabyte is returned, so
 * that a reader does not fall behind.
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
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
        whenPathAbsent,
      )
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
        // A line without an end is returned in pieces, because it may have gigabytes.
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
  /** The text before it. */
  readonly seen: Buffer
}

/** The position to continue at; undefined if the last read text is no longer there. */
async function findAgain(file: FileHandle, size: number, { offset, seen }: Place): Promise<number | undefined> {
  if (size >= offset && (await readAt(file, offset - seen.length, seen.length)).equals(seen)) return offset
  if (seen.length < SEEN_BYTES) return undefined // a few words may stand in any file
  const from = Math.max(0, size - SEARCHED_BYTES)
  const at = (await readAt(file, from, size - from)).lastIndexOf(seen)
  return at === -1 ? undefined : from + at + seen.length
}

const MOST_BYTES = 1024 * 1024
const SEEN_BYTES = 1024
/** Twice the kept size of a log that is cut (engine-effects.ts). */
const SEARCHED_BYTES = 16 * 1024 * 1024
const NEWLINE = 0x0a

function whenPathAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
  throw error
}
