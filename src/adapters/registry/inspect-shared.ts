import { type FSWatcher, watch } from 'node:fs'
import { mkdtemp, realpath, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writeAtomic } from '../system/atomic-file.ts'
import type { Clock } from '../system/clock.ts'
import { openRegularFile } from '../system/regular-file.ts'
import { localFilesystem } from './watch.ts'

/** The properties of the shared directory; throws the filesystem's error when it cannot be read. */
export async function inspectShared(shared: string) {
  const found = await stat(shared)
  const { bavail, bsize, files, ffree, type } = await statfs(shared)
  return {
    ownerUid: found.uid,
    mode: found.mode,
    isDirectory: found.isDirectory(),
    localFilesystem: await localFilesystem(shared),
    filesystemType: type.toString(16),
    freeBytes: bavail * bsize,
    freeInodes: files === 0 ? undefined : ffree, // filesystems that create inodes on demand report 0 of 0
    mountPoint: await mountPointOf(await realpath(shared)),
  }
}

/** The mount point of this directory's filesystem, as df(1) shows it. */
async function mountPointOf(path: string): Promise<string> {
  const above = dirname(path)
  const [here, there] = await Promise.all([stat(path), stat(above)])
  return above === path || here.dev !== there.dev ? path : mountPointOf(above)
}

/** An event that takes longer than this would come after the scan. */
const EVENT_MS = 1_000

/** Writes a file below `shared` like an endpoint file, finds its owner and when it becomes visible, and removes it. */
export async function tryShared(shared: string, clock: Clock) {
  const directory = await mkdtemp(join(shared, '.doctor-'))
  let watcher: FSWatcher | undefined
  try {
    const file = join(directory, 'trial.json')
    const arrived = new AbortController()
    let arrivedAt: number | undefined
    try {
      watcher = watch(directory, (_, name) => {
        if (name !== 'trial.json') return
        arrivedAt ??= clock.now()
        arrived.abort()
      })
      watcher.on('error', () => undefined) // then no event comes, and that is the result
    } catch {
      watcher = undefined // as above: no more watches, or a filesystem without them
    }
    const startedAt = clock.now()
    await writeAtomic(file, '{}\n')
    await using handle = await openRegularFile(file)
    await handle.read()
    const visibleMs = clock.now() - startedAt
    const { uid } = await handle.stat()
    if (watcher !== undefined) await clock.sleep(EVENT_MS, arrived.signal)
    return { ownerUid: uid, visibleMs, eventMs: arrivedAt === undefined ? undefined : arrivedAt - startedAt }
  } finally {
    watcher?.close()
    await rm(directory, { recursive: true, force: true })
  }
}
