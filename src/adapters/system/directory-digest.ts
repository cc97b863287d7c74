import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { openRegularFile } from './regular-file.ts'

/**
 * Every file below a directory by its relative path, with the SHA-256 of its content, sorted.
 *
 * @throws as openRegularFile does: a pipe in it would never end.
 */
export async function digestDirectory(directory: string, signal?: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = found.filter(entry => !entry.isDirectory()).map(entry => join(entry.parentPath, entry.name))
  const digests = new Map<string, string>()
  for (const file of files.sort()) digests.set(relative(directory, file), await digestFile(file, signal))
  return digests
}

export async function digestFile(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const source = (await openRegularFile(file)).createReadStream()
  await pipeline(source, hash, { signal })
  return hash.digest('hex')
}

/** In the format of sha256sum(1). */
export function formatDigests(digests: ReadonlyMap<string, string>): string {
  return [...digests].map(([path, digest]) => `${digest}  ${path}\n`).join('')
}
