import { type ConfigOptions, NoConfiguration } from '../../adapters/config-file/load-config.ts'
import { summaryFile } from '../../adapters/registry/summary.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import type { Context } from '../../core/context.ts'
import { UserError } from '../../core/domain/user-error.ts'
import { ForeignSite, openSite } from './open-site.ts'
import { type Looks, siteLooks } from './site-looks.ts'
import { summaryLooks } from './summary-looks.ts'

const OF_ANOTHER_ACCOUNT = "For another account's site: sluice status --summary FILE, which its updater publishes"

/**
 * First match wins:
 * 1. `--summary` → that
 * 2. the site of a configuration, if it is ours → the site itself
 * 3. `$SLUICE_SUMMARY` → that
 * 4. the site of a configuration, if it is another account's → its updater's summary
 *
 * @throws UserError with every reason why there is no source.
 */
export async function openLooks(
  options: ConfigOptions & { readonly summary?: string },
  context: Context,
): Promise<Looks> {
  const summary = (file: string) => summaryLooks(file, systemClock, context.signal)
  if (options.summary !== undefined) return summary(options.summary) // 1
  try {
    return siteLooks(await openSite(options, context), context) // 2
  } catch (error) {
    const named = context.env['SLUICE_SUMMARY']
    if (named && (error instanceof NoConfiguration || error instanceof ForeignSite)) return summary(named) // 3
    if (error instanceof NoConfiguration) throw new UserError([...error.lines, OF_ANOTHER_ACCOUNT])
    if (!(error instanceof ForeignSite)) throw error
    return summary(summaryFile(error.shared, error.gateway)).catch(why => {
      throw why instanceof UserError ? new UserError([...error.lines, ...why.lines]) : why
    }) // 4
  }
}
