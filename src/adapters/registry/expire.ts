import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../core/domain/caught.ts'
import type { SerialQueue } from '../system/serial-queue.ts'
import { registryDirectories } from './directories.ts'

/** A month: people ask about a dead job sooner. */
export const KEPT_MS = 30 * 86_400_000

/** The most difference between a share's clock and this machine's; with more, one of them is wrong. */
const MOST_APART_MS = 86_400_000

type Place = keyof ReturnType<typeof registryDirectories>

/** Names of files of one run of a job, whose first group is the job; and temporary files of killed writers. */
const EXPIRING: readonly (readonly [Place, RegExp])[] = [
  ['events', /^[a-z][a-z0-9_]*-(\d{1,10})-\d+\.jsonl(?:\.1)?$/],
  ['logs', /^(\d{1,10})$/],
  ['endpoints', /^[a-z][a-z0-9_]*-(\d{1,10})-\d+-\d+\.json$/],
  ['beats', /^[a-z][a-z0-9_]*-(\d{1,10})-\d+\.json$/],
  ['requests', /^[a-z][a-z0-9_]*-(\d{1,10})-\d+\.json$/],
  ...(['endpoints', 'beats', 'routes', 'requests'] as const).map(
    place => [place, /^\.[A-Za-z0-9_.-]+\.[0-9a-f]{12}\.tmp$/] as const,
  ),
]

/**
 * Removes files that are a month old and do not belong to a living job; returns their number. Ages are measured by the clock that
 * stamps the files: the routes file of our own `gateway`, written every few seconds, shows its current time. Without that file, or
 * if this machine's clock has another day, nothing is removed, because one of the clocks is wrong and a removal is final. Each
 * look is a call of its own in the serial queue, so that other calls do not wait for a thousand of them.
 *
 * @throws when the directory cannot be read; files may have been removed before that.
 */
export async function removeExpired(
  shared: string,
  {
    gateway,
    serialQueue,
    isAlive,
  }: { readonly gateway: string; readonly serialQueue: SerialQueue; isAlive(jobId: string): boolean },
): Promise<number> {
  const directories = registryDirectories(shared)
  const written = (await agesOf(directories.routes, /\.json$/)).find(one => one.path.endsWith(`/${gateway}.json`))
  const now = written?.writtenMs
  if (now === undefined || Math.abs(now - Date.now()) > MOST_APART_MS) return 0
  let removed = 0
  for (const [place, pattern] of EXPIRING) {
    for (const { path, job, writtenMs } of await agesOf(directories[place], pattern)) {
      if (now - writtenMs < KEPT_MS || (job !== undefined && isAlive(job))) continue
      await serialQueue.run(`remove "${path}"`, () => rm(path, { recursive: true, force: true }))
      removed += 1
    }
  }
  return removed

  async function agesOf(directory: string, pattern: RegExp) {
    const names = await serialQueue.run(`list "${directory}"`, () => readdir(directory))
    const found: { path: string; job: string | undefined; writtenMs: number }[] = []
    for (const name of names) {
      const match = pattern.exec(name)
      if (match === null) continue
      const path = join(directory, name)
      const stats = await serialQueue.run(`look at "${path}"`, () => stat(path)).catch(absent)
      if (stats !== undefined) found.push({ path, job: match[1], writtenMs: stats.mtimeMs })
    }
    return found
  }
}

/** Gone since it was listed. */
function absent(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT') return undefined
  throw error
}
