import { join } from 'node:path'
import type { EngineKeys } from '../../../core/domain/engine-key.ts'
import type { GatewayModel, GatewayTier } from '../../../core/domain/gateway-model.ts'
import { isIpv6, listensOf } from '../../../core/domain/listen-address.ts'
import { renderStrictly } from '../../../core/domain/strict-template.ts'
import type { Njs } from '../nginx/find-njs.ts'
import type { NginxBuild } from '../nginx/nginx-build.ts'
import type { WorkerAccount } from '../nginx/worker-account.ts'
import { KEYS_FILE, placesBelow, type StateDirectory } from '../state-directory.ts'
import { LARGE_BODIES, LARGE_BODIES_PER_CLIENT, MAX_BODY_MEBIBYTES, REFUSALS, unknownPathBody } from './error-answer.ts'
import { frontPage } from './front-page.ts'
import { markPath } from './generation-mark.ts'
import { keysFilePath, keysOf, renderKeys } from './keys-file.ts'
import { checkModel } from './model-schema.ts'
import { nginxString } from './nginx-string.ts'
import { hasRouter, ROUTER_FILE, renderRouter } from './router-file.ts'
import { tierViewOf } from './tier-view.ts'

export interface RenderOptions {
  readonly generation: number
  readonly directory: StateDirectory
  readonly build: NginxBuild
  /** Whom the workers run as where the master is root; undefined for everybody else, who cannot choose. */
  readonly workers: WorkerAccount | undefined
  /** Files that one process may have open. */
  readonly openFiles: number
  readonly templates: GatewayTemplates
  /** Those that the model's servers ask for. */
  readonly keys: EngineKeys
  /** How the gateway stands in an nginx that has other sites; absent where it is alone. */
  readonly amongOthers?: AmongOthers | undefined
}

export interface AmongOthers {
  /** What every name begins with that all of `http { }` can see. */
  readonly names: string
  /** Where the site's own logs lie, which the site rotates. */
  readonly accessLog: string
}

/** The texts of templates/nginx/, by their names without `.mustache`. */
export type GatewayTemplates = Readonly<
  Record<'nginx.conf' | 'gateway.conf' | 'exchange' | 'tier' | 'serve' | 'delivery' | 'router', string>
>

/**
 * Worker processes. Every reload forks as many, and each keeps connections of its own to the engines, so more than the
 * traffic needs is a cost; one carries 25 000 short requests a second ("Speed", docs/design/nginx.md).
 */
export const WORKERS = 4

/**
 * Connections of one worker: a stream takes two. No more than half of the files that it may have open, because bodies and logs
 * are files too, and a worker of nginx 1.22 that has none left never hears that it should end.
 */
const CONNECTIONS = 8192

/**
 * The files of one generation by their names in its directory: `nginx.conf`, the small wrapper that a private nginx is
 * started with; `gateway.conf`, which stands within `http { }` and has no other tie to the wrapper; the keys that it
 * includes, if there are any; and the model.
 * Equal models, options and generations give equal texts.
 *
 * @throws when the model holds what nginx must not read ("nothing unvalidated reaches nginx", docs/design/rules.md), or
 * names a key that is missing.
 */
export function renderGateway(model: GatewayModel, options: RenderOptions): ReadonlyMap<string, string> {
  const checked = checkModel(model)
  const { templates } = options
  return new Map([
    ['nginx.conf', renderStrictly(templates['nginx.conf'], wrapperView(checked, options), templates)],
    ['gateway.conf', renderStrictly(templates['gateway.conf'], gatewayView(checked, options), templates)],
    ...(keysOf(checked).length === 0
      ? []
      : ([[KEYS_FILE, renderKeys(namesOf(options), checked, options.keys)]] as const)),
    ...(routerOf(checked, options) === undefined
      ? []
      : ([[ROUTER_FILE, renderRouter(templates.router, namesOf(options), checked)]] as const)),
    [MODEL_FILE, `${JSON.stringify(checked, null, 2)}\n`],
  ])
}

export const MODEL_FILE = 'model.json'

/** What a system's nginx loads its site says. */
function routerOf(model: GatewayModel, { build, amongOthers }: RenderOptions): Njs | undefined {
  return amongOthers === undefined && hasRouter(model, build.njs) ? build.njs : undefined
}

function loadOf(njs: Njs | undefined): string | false {
  return njs?.load === undefined ? false : nginxString(njs.load)
}

function wrapperView(model: GatewayModel, options: RenderOptions): object {
  const { generation, directory, build, workers, openFiles } = options
  const reached = placesOfWorkers(options)
  return {
    generation,
    load: loadOf(routerOf(model, options)),
    user: workers !== undefined && `${nginxString(workers.user)} ${nginxString(workers.group)}`,
    pidFile: nginxString(directory.pidFile),
    errorLog: nginxString(reached.errorLog),
    workers: WORKERS,
    openFiles,
    connections: Math.min(CONNECTIONS, Math.floor(openFiles / 2)),
    temporaryPaths: ['client_body', 'proxy', ...build.unusedModules].map(name => ({
      directive: `${name}_temp_path`,
      path: nginxString(join(reached.temporary, name)),
    })),
    inner: nginxString(join(directory.generations, String(generation), 'gateway.conf')),
  }
}

/**
 * Where the workers find what they open themselves: bodies, and the logs once those were rotated. Of another account than
 * their master's, they might not get through the directories above ours, but they get through their working directory, which
 * it is (nginx-command.ts).
 */
function placesOfWorkers({ directory, workers, amongOthers }: RenderOptions): StateDirectory {
  return workers === undefined || amongOthers !== undefined ? directory : placesBelow('/proc/self/cwd')
}

function namesOf({ amongOthers }: RenderOptions): string {
  return amongOthers?.names ?? 'sluice'
}

function gatewayView(model: GatewayModel, options: RenderOptions): object {
  const { generation, directory, build, amongOthers } = options
  const names = namesOf(options)
  const reached = placesOfWorkers(options)
  const accessLog = amongOthers?.accessLog ?? reached.accessLog
  const keys = keysOf(model)
  const njs = routerOf(model, options)
  const hasIpv6 = listensOf(model).some(({ address }) => isIpv6(address))
  const tierView = (tier: GatewayTier, path: string, byModel = njs !== undefined) =>
    tierViewOf(tier, path, { names, keys, index: model.tiers.indexOf(tier), byModel })
  return {
    generation,
    names,
    mark: nginxString(markPath(reached, generation)),
    owner: amongOthers !== undefined && nginxString(directory.root),
    accessLog: nginxString(accessLog),
    keysFile: keys.length > 0 && nginxString(keysFilePath(directory, generation)),
    controlSocket: amongOthers === undefined && nginxString(`unix:${directory.controlSocket}`),
    answersGeneration: amongOthers !== undefined,
    hasGzip: build.hasGzip,
    hasCache: build.hasCache,
    hasStatus: build.hasStatus,
    hasKeepaliveMinimum: build.hasKeepaliveMinimum,
    connectionsPerClient: model.connectionsPerClient ?? false,
    largeBodies: LARGE_BODIES,
    largeBodiesPerClient: LARGE_BODIES_PER_CLIENT,
    hasIpv6,
    here: hasIpv6 ? `$${names}_here` : '$server_addr',
    maxBody: `${MAX_BODY_MEBIBYTES}m`,
    refusals: REFUSALS.map(refusal => ({ ...refusal, body: nginxString(refusal.body) })),
    router: njs !== undefined && {
      engine: njs.engine ?? false,
      file: nginxString(join(directory.generations, String(generation), ROUTER_FILE)),
    },
    readsFiles: njs?.readsFiles ?? false,
    tiers: model.tiers.map(tier => tierView(tier, tier.path)),
    listeners: [
      {
        port: model.listen,
        locations: model.tiers.map(tier => tierView(tier, tier.path)),
        byModel: njs !== undefined,
        front: frontPage(model.tiers.map(tier => ({ name: tier.name, place: tier.path, paths: tier.paths ?? [] }))),
        unknownPath: model.tiers.some(tier => tier.path === '/') ? false : nginxString(unknownPathBody(model.tiers)),
      },
      ...model.tiers.flatMap(tier =>
        tier.port === undefined || tier.port === model.listen
          ? []
          : [
              {
                port: tier.port,
                byModel: false,
                locations: [tierView(tier, '/', false)],
                front: frontPage([{ name: tier.name, place: '/', paths: tier.paths ?? [] }]),
                unknownPath: false,
              },
            ],
      ),
    ],
  }
}
