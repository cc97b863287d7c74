import { type ConfigOptions, loadConfig } from '../../adapters/config-file/load-config.ts'
import type { Config } from '../../core/config/schema.ts'
import type { Context } from '../../core/context.ts'
import { messageOf } from '../../core/domain/caught.ts'
import { UserError } from '../../core/domain/user-error.ts'

/**
 * Reads sluice.yaml at a SIGHUP. If it has problems, they are printed here and the old one stays ("state is rebuilt",
 * docs/design/rules.md): the result is undefined.
 */
export async function rereadConfig(
  current: Config,
  options: ConfigOptions,
  context: Context,
): Promise<Config | undefined> {
  try {
    const { config } = await loadConfig(options, context)
    if (FIXED.every(key => key(config) === key(current))) return config
    throw new UserError(
      'Cannot take the new sluice.yaml: site, shared, gateway.name, gateway.state, gateway.nginx, gateway.directory and gateway.reload need a restart',
    )
  } catch (error) {
    const lines = error instanceof UserError ? error.lines : [messageOf(error)]
    for (const line of [...lines, 'The old configuration stays']) context.warn(line)
    return undefined
  }
}

/** Settings on which the lock, the registry and the running nginx depend. */
const FIXED = [
  (config: Config) => config.site,
  (config: Config) => config.shared,
  (config: Config) => config.gateway.name,
  (config: Config) => config.gateway.state,
  (config: Config) => config.gateway.nginx,
  (config: Config) => config.gateway.directory,
  (config: Config) => config.gateway.reload,
]
