import { join } from 'node:path'

/**
 * This account's state directory on this machine: the StateDirectory of its unit (systemd.exec(5)), else /var/lib/sluice for root,
 * and the user's state directory for other accounts (XDG Base Directory Specification).
 */
export function stateDirectory(site: string, env: NodeJS.ProcessEnv, uid = process.getuid?.()): string {
  const unit = env['STATE_DIRECTORY']
  if (unit !== undefined) return join(unit, site)
  if (uid === 0) return join('/var/lib/sluice', site)
  return join(env['XDG_STATE_HOME'] ?? join(env['HOME'] ?? '/', '.local/state'), 'sluice', site)
}
