import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, isDiskFull } from '../../../core/domain/caught.ts'
import { KEYS_FILE, type StateDirectory } from '../state-directory.ts'

// The size for a gateway of a hundred tiers.
const SIZES: readonly (readonly [name: string, bytes: number])[] = [
  ['nginx.conf', 16 << 10],
  ['gateway.conf', 4 << 20],
  [KEYS_FILE, 256 << 10],
  ['model.json', 1 << 20],
]

/**
 * Reserved space for the next generation, so that clients' bodies on the same disk cannot use it up. It is a directory with the
 * files of a generation, filled with written zeros, so a generation that is written over them needs no further block.
 *
 * Lets it grow to `part` of its full size, or as far as the disk allows.
 */
export async function growSpare(directory: StateDirectory, part: number): Promise<void> {
  const spare = join(directory.generations, SPARE)
  await unlessFull(async () => {
    await mkdir(spare, { recursive: true, mode: 0o750 })
    // All files grow in steps: four small files are useful, one large file is not.
    for (const share of SHARES.filter(one => one <= part)) {
      for (const [name, bytes] of SIZES) await growFile(join(spare, name), modeOf(name), bytes * share)
    }
  })
}

const SHARES = [1 / 16, 1 / 4, 1]

/** Turns the reserved space into the directory `beside`, whose files are written over. False: there was none. */
export async function takeSpare(directory: StateDirectory, beside: string): Promise<boolean> {
  await rm(beside, { recursive: true, force: true })
  try {
    await rename(join(directory.generations, SPARE), beside)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

/** Only nginx's master reads the keys, for its workers ("secrets stay", docs/design/rules.md). */
export function modeOf(name: string): number {
  return name === KEYS_FILE ? 0o600 : 0o640
}

const SPARE = '.spare'

async function growFile(path: string, mode: number, bytes: number): Promise<void> {
  const file = await open(path, 'a', mode)
  try {
    const missing = bytes - (await file.stat()).size
    if (missing <= 0) return
    await appendZeros(file, missing)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function appendZeros(file: FileHandle, bytes: number): Promise<void> {
  for (let left = bytes; left > 0; left -= CHUNK) await file.appendFile(Buffer.alloc(Math.min(left, CHUNK)))
}

const CHUNK = 64 << 10

async function unlessFull(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isDiskFull(error)) throw error
  }
}
