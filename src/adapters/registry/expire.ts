import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../core/domain/caught.ts'
import type { SerialQueue } from '../system/serial-queue.ts'
import { registryDirectories } from './directories.ts'

/** A month: questions about a job that died come sooner. */
export const KEPT_MS = 30 * 86_400_000

/** Between a share's clock and this machine's; more, and one of them is wrong. */
const MOST_APART_MS = 86_400_000

type Place = keyof ReturnType<typeof registryDirectories>

/** What belongs to one run of a job, by its name, whose first group is the job; what writers of whole files leave when they are killed. */
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
 * Removes what has not been written for a month and is of no living job, and says how much that was. Ages are told by the
 * clock that stamps the files: the routes file of our own `gateway`, which is written every few seconds, is of now. Without it,
 * and where this machine's clock says another day, nothing is removed: one of the two is wrong, and what is removed does not come
 * back. Each look is a call of its own in the serial queue, so that nobody waits for a thousand of them.
 *
 * @throws when the directory cannot be read; what was removed until then is gone.
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
