import { stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { type ConfigOptions, loadConfig } from '../adapters/config-file/load-config.ts'
import { accountOf } from '../adapters/system/account.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { createSerialQueue } from '../adapters/system/serial-queue.ts'
import { readTemplate } from '../adapters/system/templates.ts'
import type { Config } from '../core/config/schema.ts'
import type { Context } from '../core/context.ts'
import { COMMAND_DEADLINE_MS } from '../core/domain/shared-deadline.ts'
import { UserError } from '../core/domain/user-error.ts'
import { isBelow, renderUnit, unitTemplate } from '../core/job-script/render-unit.ts'
import { printText } from '../core/text/line-printer.ts'

export interface UnitOptions extends ConfigOptions {
  /** For the user's own systemd. */
  readonly user?: boolean
  /** The account that runs the updater; the owner of the shared directory by default. */
  readonly account?: string
  /** The `sluice` program that it starts. */
  readonly program?: string
}

/**
 * `sluice unit`: prints the updater's systemd unit for this sluice.yaml.
 *
 * @throws UserError when a unit could not work.
 */
export async function unit(options: UnitOptions, context: Context): Promise<void> {
  const { config, file } = await loadConfig(options, context)
  const manager = options.user === true ? 'user' : 'system'
  const isRoot = config.gateway.nginx === 'system'
  if (isRoot && manager === 'user')
    throw new UserError(
      "Cannot write a user's unit: with gateway.nginx: system the updater is started as root; leave out --user",
    )
  const configFile = resolve(context.cwd, file)
  const program = options.program ?? (isRoot ? ROOTS_PROGRAM : join(config.runtime, 'current/sluice'))
  const account = isRoot ? 'root' : (options.account ?? (manager === 'user' ? '' : await ownerOf(config, context)))
  if (account !== '' && !ACCOUNT.test(account))
    throw new UserError(
      `Cannot write a unit for account ${JSON.stringify(account)}: that is not the name of an account`,
    )
  if (manager === 'system') refusePrivate({ configFile, program, shared: config.shared, state: config.gateway.state })
  const template = await readTemplate(unitTemplate(manager))
  printText(context.print, renderUnit(config, { manager, account, program, configFile }, template).trimEnd())
}

/** Names as useradd(8) and directory services allow them, also with `.` or `@`. */
const ACCOUNT = /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,255}$/

/** Root must not run files that the site's account may write, and that account owns `runtime`. */
const ROOTS_PROGRAM = '/opt/sluice/current/sluice'

/** PrivateTmp=: the unit has a /tmp of its own. */
function refusePrivate(paths: Readonly<Record<string, string | undefined>>): void {
  for (const path of Object.values(paths)) {
    if (path === undefined || !['/tmp', '/var/tmp'].some(place => isBelow(path, place))) continue
    throw new UserError(
      `Cannot write a unit: it would not see "${path}", because it has a /tmp of its own; move that elsewhere`,
    )
  }
}

async function ownerOf({ shared }: Config, { env }: Context): Promise<string> {
  const serialQueue = createSerialQueue(systemClock, COMMAND_DEADLINE_MS)
  const owner = await serialQueue.run('look at the shared directory', () => stat(shared)).catch(() => undefined) // missing, or not mounted
  const { uid, username } = userInfo()
  if (owner !== undefined && owner.uid !== 0 && owner.uid !== uid) {
    const account = await accountOf(owner.uid, env)
    if (account !== undefined) return account.name
  }
  if (uid !== 0) return username
  throw new UserError(
    `Cannot find out which account runs the updater: ${owner === undefined ? `"${shared}" cannot be looked at` : `"${shared}" is root's`}; name it with --account`,
  )
}
