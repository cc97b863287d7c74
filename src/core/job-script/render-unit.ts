import type { Config } from '../config/schema.ts'
import { renderStrictly } from '../domain/strict-template.ts'
import { UserError } from '../domain/user-error.ts'

export interface UnitPlaces {
  /** The machine's systemd, or a user's own. */
  readonly manager: 'system' | 'user'
  /** The account that runs the updater; with the site's own nginx it is root. */
  readonly account: string
  /** The `sluice` to start: below `current`, so that a restart runs the last installed build. */
  readonly program: string
  /** sluice.yaml, absolute. */
  readonly configFile: string
}

/** Name of the template whose text renderUnit takes. */
export function unitTemplate(manager: UnitPlaces['manager']): string {
  return manager === 'user' ? 'systemd/user-updater.service.mustache' : 'systemd/updater.service.mustache'
}

/** The unit of the updater (systemd.service(5)) of this configuration. Depends on its arguments only. */
export function renderUnit(config: Config, places: UnitPlaces, templateText: string): string {
  const { gateway, shared } = config
  const { program, configFile, account } = places
  const isRoot = gateway.nginx === 'system'
  for (const text of [account, program, configFile]) refuseControls(text)
  if (!program.startsWith('/'))
    throw new UserError(`Cannot write a unit: systemd wants "${program}" as an absolute path; write all of it`)
  const state = gateway.state === undefined || isBelow(gateway.state, STATE_DIRECTORY) ? [] : [gateway.state]
  const writable = [shared, ...(isRoot ? [gateway.directory] : []), ...state]
  return renderStrictly(templateText, {
    site: config.site,
    account,
    mounts: [shared, program].map(unitPath).join(' '),
    command: [program, 'updater', '--config', configFile].map(commandWord).join(' '),
    writable: writable.map(unitPath).join(' '),
    root: isRoot,
  })
}

/** The directory that StateDirectory=sluice creates. */
const STATE_DIRECTORY = '/var/lib/sluice'

export function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`)
}

/** A line break in a name would begin another setting. */
function refuseControls(text: string): void {
  if (!/\p{Cc}/u.test(text)) return
  throw new UserError(`Cannot write a unit: ${JSON.stringify(text)} contains a control character; choose another`)
}

/** Quoted as one word without variables for ExecStart=: systemd.service(5), Command lines. */
function commandWord(text: string): string {
  return unitPath(text).replaceAll('$', '$$$$')
}

/** Quoted as one word without specifiers: systemd.syntax(7), Quoting. */
function unitPath(text: string): string {
  const plain = text.replaceAll('%', '%%')
  return /^[\w/.@%$+=:-]+$/.test(plain) ? plain : `"${plain.replaceAll(/["\\]/g, '\\$&')}"`
}
