import { statfs } from 'node:fs/promises'
import { watch } from 'chokidar'
import { registryDirectories } from './directories.ts'

/**
 * Filesystems whose changes all happen on this machine, so that inotify sees them, by the magic numbers of statfs(2). On others
 * only the scan counts ("events only wake", docs/design/rules.md): NFS, Lustre, GPFS and others do not report to a client what
 * other machines write.
 */
const LOCAL_FILESYSTEMS = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x01021994, 'tmpfs'],
  [0x2fc12fc1, 'zfs'],
  [0x794c7630, 'overlayfs'],
])

/** The local filesystem's name below `path`, or undefined where events cannot be trusted. */
export async function localFilesystem(path: string): Promise<string | undefined> {
  return LOCAL_FILESYSTEMS.get((await statfs(path)).type)
}

/**
 * Calls `wake` after each change in endpoints/, until the signal aborts. An event is only a reason to scan. Errors of the watcher
 * are passed to `failed`; then the timer does the work.
 */
export function watchEndpoints(
  shared: string,
  wake: () => void,
  failed: (error: unknown) => void,
  signal: AbortSignal,
): void {
  const watcher = watch(registryDirectories(shared).endpoints, {
    depth: 0,
    ignoreInitial: true,
    followSymlinks: false,
    ignored: path => path.endsWith('.tmp'),
  })
  watcher.on('all', wake).on('error', failed)
  signal.addEventListener('abort', () => void watcher.close().catch(failed), { once: true })
}
