import { readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Mount } from '../../../core/containers/runtime.ts'

/**
 * The read-only mounts with which these paths mean the same in the container as on the node: each directory, the directory of each
 * file (which has the other parts of a model), and the targets of links in them, as in Hugging Face's cache.
 */
export async function mountsFor(paths: readonly string[]): Promise<Mount[]> {
  const directories = new Set<string>()
  for (const path of paths) {
    const directory = (await isDirectory(path)) ? path : dirname(path)
    directories.add(directory)
    for (const target of await linkTargets(directory)) directories.add(target)
  }
  const sorted = [...directories].sort()
  const outermost = sorted.filter(one => !sorted.some(other => one.startsWith(`${other}/`)))
  return outermost.map(path => ({ source: path, target: path, isReadOnly: true }))
}

/** The directories of its links' targets, and its own real path. */
async function linkTargets(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []) // preflight reports that
  const links = entries.filter(one => one.isSymbolicLink()).map(one => join(directory, one.name))
  const targets = await Promise.all(links.map(link => realpath(link).catch(() => undefined))) // a dangling link
  const own = await realpath(directory).catch(() => directory)
  return [own, ...targets.flatMap(target => (target === undefined ? [] : [dirname(target)]))]
}

function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    found => found.isDirectory(),
    () => false,
  )
}
