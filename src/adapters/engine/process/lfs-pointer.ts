import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LFS_POINTER } from '../../../core/sizing/gguf-header.ts'
import { openRegularFile } from '../../system/regular-file.ts'

const WEIGHTS = /\.(gguf|safetensors|bin)$/
/** A model has at most a few hundred files. */
const MOST_FILES = 1_000

/**
 * The first file of weights that is a Git LFS pointer: the path itself, or a file in that directory. Undefined also if it cannot
 * be read; then the engine's own error is better.
 */
export async function lfsPointerAt(path: string): Promise<string | undefined> {
  const names = await readdir(path).catch(() => undefined) // not a directory
  const files = names?.filter(name => WEIGHTS.test(name)).slice(0, MOST_FILES)
  for (const file of files?.map(name => join(path, name)) ?? [path]) if (await isPointer(file)) return file
  return undefined
}

async function isPointer(path: string): Promise<boolean> {
  const file = await openRegularFile(path).catch(() => undefined)
  if (file === undefined) return false
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LFS_POINTER.length))
    return buffer.toString('latin1', 0, bytesRead) === LFS_POINTER
  } catch {
    return false // the engine reports what cannot be read
  } finally {
    await file.close()
  }
}
