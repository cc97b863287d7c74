import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'

/** The StateDirectory of the units that `sluice unit` prints. */
const UNIT_DIRECTORY = '/var/lib/sluice'

/**
 * This account's state directory on this machine: the StateDirectory of its unit (systemd.exec(5)), else /var/lib/sluice for root,
 * and the user's state directory for other accounts (XDG Base Directory Specification).
 *
 * A shell of the unit's account has no STATE_DIRECTORY. So the unit's directory of this site also counts there if this account
 * owns it: nginx and the lock are in it.
 */
export function stateDirectory(
  site: string,
  env: NodeJS.ProcessEnv,
  { uid = process.getuid?.(), unitDirectory = UNIT_DIRECTORY } = {},
): string {
  const unit = env['STATE_DIRECTORY']
  if (unit !== undefined) return join(unit, site)
  const ofUnit = join(unitDirectory, site)
  if (uid === 0 || isOwn(ofUnit, uid)) return ofUnit
  return join(env['XDG_STATE_HOME'] ?? join(env['HOME'] ?? '/', '.local/state'), 'sluice', site)
}

function isOwn(directory: string, uid: number | undefined): boolean {
  try {
    accessSync(directory, constants.R_OK | constants.X_OK)
    return statSync(directory).uid === uid
  } catch {
    return false // missing, or hidden from this account, so it is not this account's
  }
}
