import { readRegularText } from '../adapters/system/regular-file.ts'
import { parseServerConfig } from '../core/config/parse-server-config.ts'
import { MAX_TEXT_LENGTH } from '../core/config/yaml-text.ts'
import { messageOf } from '../core/domain/caught.ts'
import type { ServerConfig } from '../core/domain/server-options.ts'
import { UserError } from '../core/domain/user-error.ts'
import type { InferenceServer } from './inference-server.ts'
import { createServer } from './servers.ts'

/**
 * The options in a YAML file, with every default. Relative paths count from the working directory.
 *
 * @throws UserError with every problem and its line, or why the file cannot be read.
 */
export async function loadServerConfig(file: string): Promise<ServerConfig> {
  const text = await readRegularText(file, 4 * MAX_TEXT_LENGTH + 1).catch(cause => {
    throw new UserError(`Cannot read ${file}: ${messageOf(cause)}`, { cause })
  })
  const { config, problems } = parseServerConfig(text, file)
  if (config === undefined) throw UserError.of(problems)
  return config
}

/** A started and ready server from a YAML file. @throws as `loadServerConfig` and `start` do. */
export async function startServerFromConfig(file: string): Promise<InferenceServer> {
  return createServer(await loadServerConfig(file)).start()
}
