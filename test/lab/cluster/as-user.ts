import { execa } from 'execa'
import type { Account } from './accounts.ts'
import type { Command, CommandOptions } from './command.ts'

/**
 * Runs a command on the controller as one of the site's accounts: `asUser('ai', ['squeue', '--me'])`. It sees a login's
 * environment and nothing of ours.
 */
export function asUser(account: Account, argv: readonly string[], options: CommandOptions = {}): Command {
  const [program, ...rest] = userArgv(account, argv)
  return execa(program, rest, { ...options, cwd: options.cwd ?? '/' } as CommandOptions)
}

/** The argv that runs another argv as an account; behind nodeArgv, it does so on a node. */
export function userArgv(account: Account, argv: readonly string[]): readonly [string, ...string[]] {
  return [
    ...(['setpriv', `--reuid=${account}`, `--regid=${account}`, '--init-groups', '--reset-env', '--'] as const),
    ...['env', 'PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', 'LANG=C.UTF-8', ...argv],
  ]
}
