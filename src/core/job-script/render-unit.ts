import type { Config } from '../config/schema.ts'
import { renderStrictly } from '../domain/strict-template.ts'

export interface UnitPlaces {
  /** Whose systemd: the machine's, or a user's own. */
  readonly manager: 'system' | 'user'
  /** Who runs the updater; with the site's own nginx it is root. */
  readonly account: string
  /** The `sluice` that is started: below `current`, so that a restart takes what was installed last. */
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
  const state = gateway.state === undefined || isBelow(gateway.state, STATE_DIRECTORY) ? [] : [gateway.state]
  const writable = [shared, ...(isRoot ? [gateway.directory] : []), ...state]
  return renderStrictly(templateText, {
    site: config.site,
    account,
    mounts: [shared, program].map(unitWord).join(' '),
    command: [program, 'updater', '--config', configFile].map(unitWord).join(' '),
    writable: writable.map(unitWord).join(' '),
    root: isRoot,
  })
}

/** What StateDirectory=sluice makes. */
const STATE_DIRECTORY = '/var/lib/sluice'

export function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`)
}

/** As systemd takes it for one word without specifiers and variables: systemd.syntax(7), systemd.service(5). */
function unitWord(text: string): string {
  const plain = text.replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /^[\w/.@%$+=:-]+$/.test(plain) ? plain : `"${plain.replaceAll(/["\\]/g, '\\$&')}"`
}
