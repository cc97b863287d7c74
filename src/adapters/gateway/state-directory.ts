import { chmod, chown, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CONTROL_SOCKET, MOST_SOCKET_BYTES } from '../../core/domain/socket-path.ts'
import { makeDirectory } from '../system/make-directory.ts'

/**
 * The one file of a generation with mode 0600: nginx's master reads it for its workers ("secrets stay", docs/design/rules.md).
 */
export const KEYS_FILE = 'keys.conf'

/** The directory of one private nginx, on local disk, owned by our account. Only its parent has to exist. */
export interface StateDirectory {
  /** Without symbolic links: nginx runs in it and is recognized by it. */
  readonly root: string
  readonly generations: string
  readonly temporary: string
  readonly pidFile: string
  readonly errorLog: string
  readonly accessLog: string
  /** nginx creates it with mode 0666, so it is in a directory with mode 0750. */
  readonly controlSocket: string
}

/**
 * Creates the directory, 0750, and the directories that nginx needs in it; existing ones are kept.
 *
 * @throws when the path of its control socket would be too long.
 */
export async function makeStateDirectory(path: string): Promise<StateDirectory> {
  await makeDirectory(path, 0o750)
  const root = await realpath(path)
  const directory = placesBelow(root)
  const bytes = Buffer.byteLength(directory.controlSocket)
  if (bytes > MOST_SOCKET_BYTES) {
    throw new Error(
      `Cannot keep the gateway's state in ${JSON.stringify(root)}: the path of its control socket has ${bytes} bytes, ` +
        `and Linux allows ${MOST_SOCKET_BYTES}; choose a shorter gateway.state`,
    )
  }
  for (const name of ['generations', 'temporary', 'run', 'logs']) {
    await makeDirectory(join(root, name), 0o750)
  }
  return directory
}

/**
 * Gives a group access to the directories in which nginx's workers write: clients' bodies, and the logs that they reopen.
 * Generations get the group of their directory. The group has no other access, and workers may write only logs and bodies.
 */
export async function admitGroup(directory: StateDirectory, gid: number): Promise<void> {
  const { root, generations, temporary } = directory
  for (const path of [root, temporary, dirname(directory.accessLog), generations]) {
    const found = await stat(path)
    if (found.gid !== gid) await chown(path, found.uid, gid)
    await chmod(path, 0o750)
  }
}

/** The paths only; nothing is created. */
export function placesBelow(root: string): StateDirectory {
  return {
    root,
    generations: join(root, 'generations'),
    temporary: join(root, 'temporary'),
    pidFile: join(root, 'run/nginx.pid'),
    errorLog: join(root, 'logs/error.log'),
    accessLog: join(root, 'logs/access.log'),
    controlSocket: join(root, CONTROL_SOCKET),
  }
}
