import { join } from 'node:path'

/**
 * Where this account keeps what belongs to one machine: /var/lib/sluice for root, else the user's state directory (XDG
 * Base Directory Specification, XDG_STATE_HOME).
 */
export function stateDirectory(site: string, env: NodeJS.ProcessEnv, uid = process.getuid?.()): string {
  if (uid === 0) return join('/var/lib/sluice', site)
  return join(env['XDG_STATE_HOME'] ?? join(env['HOME'] ?? '/', '.local/state'), 'sluice', site)
}
