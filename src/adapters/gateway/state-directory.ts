import { chmod, chown, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CONTROL_SOCKET, MOST_SOCKET_BYTES } from '../../core/domain/socket-path.ts'
import { makeDirectory } from '../system/make-directory.ts'

/**
 * The one file of a generation that nobody else may read, 0600: nginx's master reads it for its workers
 * ("secrets stay", docs/design/rules.md).
 */
export const KEYS_FILE = 'keys.conf'

/** Where everything of one private nginx lies. Only its parent has to exist; local disk, of our own account. */
export interface StateDirectory {
  /** Without symbolic links: nginx runs in it, and is recognized by it. */
  readonly root: string
  readonly generations: string
  readonly temporary: string
  readonly pidFile: string
  readonly errorLog: string
  readonly accessLog: string
  /** Mode 0666 as nginx makes it, hence in a directory of 0750. */
  readonly controlSocket: string
}

/**
 * Makes the directory, 0750, and what nginx needs in it; what exists is kept.
 *
 * @throws when its control socket would not fit into an address.
 */
export async function makeStateDirectory(path: string): Promise<StateDirectory> {
  await makeDirectory(path, 0o750)
  const root = await realpath(path)
  const directory = placesBelow(root)
  const bytes = Buffer.byteLength(directory.controlSocket)
  if (bytes > MOST_SOCKET_BYTES) {
    throw new Error(
      `Cannot keep the gateway's state in ${JSON.stringify(root)}: the path of its control socket has ${bytes} bytes, ` +
        `and Linux takes ${MOST_SOCKET_BYTES}; choose a shorter gateway.state`,
    )
  }
  for (const name of ['generations', 'temporary', 'run', 'logs']) {
    await makeDirectory(join(root, name), 0o750)
  }
  return directory
}

/**
 * Lets a group through the directory, to where nginx's workers write: clients' bodies, and the logs that they open anew.
 * Generations get the group of the directory that they lie in. Nothing else is open to it, and nothing but logs and bodies is
 * the workers' to write.
 */
export async function admitGroup(directory: StateDirectory, gid: number): Promise<void> {
  const { root, generations, temporary } = directory
  for (const path of [root, temporary, dirname(directory.accessLog), generations]) {
    const found = await stat(path)
    if (found.gid !== gid) await chown(path, found.uid, gid)
    await chmod(path, 0o750)
  }
}

/** The names alone, nothing is made. */
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
