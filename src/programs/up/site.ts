import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type ConfigOptions, loadConfigIfAny } from '../../adapters/config-file/load-config.ts'
import { probePorts } from '../../adapters/gateway/nginx/probe-ports.ts'
import { checkModel } from '../../adapters/model-files/check-model.ts'
import { stateDirectory } from '../../adapters/system/user-state.ts'
import { parseConfig } from '../../core/config/parse-config.ts'
import type { Config } from '../../core/config/schema.ts'
import type { Context } from '../../core/context.ts'
import { listenAddress } from '../../core/domain/listen-address.ts'
import { UserError } from '../../core/domain/user-error.ts'
import { defaultConfig, modelName } from './default-config.ts'
import type { UpPlaces } from './sweep.ts'
import { withoutSlurm } from './without-slurm.ts'

export interface SiteOptions extends ConfigOptions {
  /** A .gguf file to serve instead of a configuration. */
  readonly model?: string
}

/** What `sluice up` runs. */
export interface UpSite {
  readonly config: Config
  /** Where it was read; absolute. */
  readonly file: string
  readonly places: UpPlaces
  /** All its files are temporary. */
  readonly isDefault: boolean
}

/** Without a configuration the gateway takes the first free port from here on. */
const FIRST_PORT = 8080
const TRIED_PORTS = 100

/** The site of the configuration, or a default one below `work`. */
export async function chooseSite(options: SiteOptions, work: string, context: Context): Promise<UpSite> {
  const found = options.model === undefined ? await loadConfigIfAny(options, context) : undefined
  if (found === undefined) return defaultSite(options.model, work, context)
  const config = withoutSlurm(found.config)
  const isThere = await stat(config.shared).catch(() => undefined)
  if (isThere?.isDirectory() !== true) {
    throw new UserError(`Cannot use ${found.file}: "${config.shared}" (shared) is not a directory; create it first`)
  }
  context.print(`${found.file}: ${Object.keys(config.tiers).join(', ')} on this machine, without Slurm`)
  const file = resolve(context.cwd, found.file)
  return { config, file, places: placesOf(config, work, context), isDefault: false }
}

async function defaultSite(model: string | undefined, work: string, context: Context): Promise<UpSite> {
  const file = model === undefined ? undefined : resolve(context.cwd, model)
  if (file !== undefined) await checkModel(file)
  const port = await firstFreePort(context)
  const served = file === undefined ? {} : { model: { name: modelName(file), file } }
  const text = defaultConfig({ directory: work, port, ...served })
  const { config, problems } = parseConfig(text, 'the default sluice.yaml')
  if (config === undefined) throw UserError.of(problems)
  await mkdir(config.shared, { mode: 0o750 })
  const written = join(work, 'sluice.yaml')
  await writeFile(written, text, { mode: 0o600 }) // for `sluice status` and other commands
  const local = withoutSlurm(config)
  return { config: local, file: written, places: placesOf(local, work, context), isDefault: true }
}

function placesOf({ gateway, site, shared }: Config, work: string, { env }: Context): UpPlaces {
  return { work, gateway: join(gateway.state ?? stateDirectory(site, env), gateway.name), shared }
}

async function firstFreePort({ print }: Context): Promise<number> {
  for (let port = FIRST_PORT; port < FIRST_PORT + TRIED_PORTS; port += 1) {
    const isFree = await probePorts([listenAddress(`127.0.0.1:${port}`)]).then(
      () => true,
      () => false, // another process has it
    )
    if (!isFree) continue
    if (port !== FIRST_PORT) print(`Port ${FIRST_PORT} is in use: the gateway listens on ${port}`)
    return port
  }
  throw new UserError(`Cannot find a free port among ${FIRST_PORT} to ${FIRST_PORT + TRIED_PORTS - 1}`)
}
