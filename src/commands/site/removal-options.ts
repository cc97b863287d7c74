import type { ConfigOptions } from '../../adapters/config-file/load-config.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import type { RemovalSite, RunRemovalOptions } from '../../programs/removal/run.ts'
import type { Site } from './open-site.ts'
import { stillUpdaters } from './updater-pulse.ts'
import { withinSecondsOf } from './within-seconds.ts'

/** The options that drain and stop share. */
export interface RemovalCommandOptions extends ConfigOptions {
  /** Time limit of a drain, seconds. */
  readonly within?: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function removalOptions(options: RemovalCommandOptions): Omit<RunRemovalOptions, 'name' | 'manner'> {
  const { within, dryRun, json } = options
  return { withinSeconds: within === undefined ? undefined : withinSecondsOf(within, 'drain'), dryRun, json }
}

export function removalSite(site: Site): RemovalSite {
  return { ...site, stillBeats: signal => stillUpdaters(site, systemClock, signal) }
}
