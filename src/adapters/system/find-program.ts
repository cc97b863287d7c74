import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'

/** Debian's directories of daemons, which ordinary users do not have on PATH. */
const DAEMONS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** The absolute path of a program: on PATH, else in the directories of daemons; undefined when it is in neither. */
export async function findProgram(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const directory of [...(env['PATH'] ?? '').split(':'), ...DAEMONS]) {
    if (directory.startsWith('/') && (await isExecutable(join(directory, name)))) return join(directory, name)
  }
  return undefined
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false, // any reason is reason enough
  )
}
