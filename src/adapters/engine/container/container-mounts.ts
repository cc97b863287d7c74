import { readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Mount } from '../../../core/containers/runtime.ts'

/**
 * What an engine in a container must see of the node so that these paths mean there what they mean here, to read: each
 * directory, the directory of each file (where the other parts of a model lie), and where links in them lead, as those of
 * Hugging Face's cache do.
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

/** The directories in which its links end, and its own true place. */
async function linkTargets(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []) // preflight has said so
  const links = entries.filter(one => one.isSymbolicLink()).map(one => join(directory, one.name))
  const targets = await Promise.all(links.map(link => realpath(link).catch(() => undefined))) // one that leads nowhere
  const own = await realpath(directory).catch(() => directory)
  return [own, ...targets.flatMap(target => (target === undefined ? [] : [dirname(target)]))]
}

function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    found => found.isDirectory(),
    () => false,
  )
}
