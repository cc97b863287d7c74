import { chown, constants, mkdir, open, readdir, readFile, readlink, rename, rm, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { isDiskFull, whenAbsent } from '../../core/domain/caught.ts'
import { modeOf, takeSpare } from './nginx/spare-generation.ts'
import type { StateDirectory } from './state-directory.ts'

/** Links to a generation: `current` is what a start or reload of nginx reads, `good` the last verified one. */
export type GenerationLink = 'current' | 'good'

/** The numbers of the generations on disk, unordered. */
export async function listGenerations(directory: StateDirectory): Promise<number[]> {
  const names = await readdir(directory.generations)
  return names.filter(name => /^[1-9]\d{0,14}$/.test(name)).map(Number)
}

/**
 * Writes a whole generation: beside its place, flushed, renamed. Its number must be new. On a full disk it uses the reserved
 * space.
 */
export async function writeGeneration(
  directory: StateDirectory,
  generation: number,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  const beside = join(directory.generations, BESIDE)
  try {
    await rm(beside, { recursive: true, force: true })
    await mkdir(beside, { mode: 0o750 })
    await writeFiles(beside, files)
  } catch (error) {
    if (!isDiskFull(error) || !(await takeSpare(directory, beside))) throw error
    await writeFiles(beside, files)
  }
  await takeGroup(beside, directory.generations)
  await rename(beside, join(directory.generations, String(generation)))
}

/** Workers of an account other than root reopen a generation's mark when logs are rotated (`admitGroup`). */
async function takeGroup(path: string, parent: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const [own, wanted] = await Promise.all([stat(path), stat(parent)])
  if (own.gid !== wanted.gid) await chown(path, own.uid, wanted.gid)
}

/** Writes over the existing files in place; files with other names are removed. */
async function writeFiles(directory: string, files: ReadonlyMap<string, string>): Promise<void> {
  for (const [name, text] of files) {
    const file = await open(join(directory, name), constants.O_WRONLY | constants.O_CREAT, modeOf(name))
    try {
      const bytes = Buffer.from(text)
      await file.writeFile(bytes)
      await file.truncate(bytes.length)
      await file.sync()
    } finally {
      await file.close()
    }
  }
  for (const name of await readdir(directory)) {
    if (!files.has(name)) await rm(join(directory, name))
  }
}

// There is one writer, so the next write may remove the rest of a crash.
const BESIDE = '.next.tmp'

/** The text of a generation's file; undefined when it is not there. */
export async function readGeneration(
  directory: StateDirectory,
  generation: number,
  name: string,
): Promise<string | undefined> {
  return readFile(join(directory.generations, String(generation), name), 'utf8').catch(whenAbsent)
}

export async function readLink(directory: StateDirectory, link: GenerationLink): Promise<number | undefined> {
  const target = await readlink(join(directory.root, link)).catch(whenAbsent)
  const number = target === undefined ? undefined : /^generations\/(\d{1,15})$/.exec(target)?.[1]
  return number === undefined ? undefined : Number(number)
}

/** Points the link to another generation, atomically. */
export async function setLink(directory: StateDirectory, link: GenerationLink, generation: number): Promise<void> {
  const beside = join(directory.root, `.${link}.tmp`)
  await rm(beside, { force: true })
  await symlink(`generations/${generation}`, beside)
  await rename(beside, join(directory.root, link))
}

/**
 * Removes all but the newest `keep` generations and those in `needed`. The newest one always stays, so that a number is never used
 * twice: the answer of one generation must not be taken for another's.
 */
export async function pruneGenerations(
  directory: StateDirectory,
  keep: number,
  needed: readonly (number | undefined)[],
): Promise<void> {
  const numbers = (await listGenerations(directory)).toSorted((a, b) => b - a)
  for (const number of numbers.slice(keep)) {
    if (needed.includes(number)) continue
    await removeGeneration(directory, number)
  }
}

/** Removes a generation that does not run. If it was never loaded, its number may be used again. */
export async function removeGeneration(directory: StateDirectory, generation: number): Promise<void> {
  await rm(join(directory.generations, String(generation)), { recursive: true, force: true })
}
