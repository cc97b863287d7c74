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
import { checkGatewayModel } from './model-schema.ts'
import { nginxString } from './nginx-string.ts'
import { hasRouter, ROUTER_FILE, renderRouter } from './router-file.ts'
import { tierViewOf } from './tier-view.ts'

export interface RenderOptions {
  readonly generation: number
  readonly directory: StateDirectory
  readonly build: NginxBuild
  /** The workers' account if the master is root; undefined otherwise, because only root can choose. */
  readonly workers: WorkerAccount | undefined
  /** Limit of open files of one process. */
  readonly openFiles: number
  readonly templates: GatewayTemplates
  /** The keys that the model's servers require. */
  readonly keys: EngineKeys
  /** Settings for an nginx with other sites; absent for a private one. */
  readonly amongOthers?: AmongOthers | undefined
}

export interface AmongOthers {
  /** The prefix of every name that `http { }` sees. */
  readonly names: string
  /** The site's log directory, whose logs the site rotates. */
  readonly accessLog: string
}

/** The texts of templates/nginx/, by their names without `.mustache`. */
export type GatewayTemplates = Readonly<
  Record<'nginx.conf' | 'gateway.conf' | 'exchange' | 'tier' | 'serve' | 'delivery' | 'router', string>
>

/**
 * Worker processes. Every reload forks this many, and each keeps connections of its own to the engines, so unneeded workers cost
 * something. One handles 25 000 short requests a second ("Speed", docs/design/nginx.md).
 */
export const WORKERS = 4

/**
 * Connections of one worker; a stream takes two. At most half of its limit of open files, because bodies and logs are files too,
 * and a worker of nginx 1.22 without a free descriptor never learns that it should end.
 */
const CONNECTIONS = 8192

/**
 * The files of one generation by their names in its directory: `nginx.conf`, the small wrapper for a private nginx;
 * `gateway.conf`, which is included within `http { }` and is otherwise independent of the wrapper; the keys that it includes, if
 * any; and the model.
 * Equal models, options and generations give equal texts.
 *
 * @throws when the model has values that nginx must not read ("nothing unvalidated reaches nginx", docs/design/rules.md), or names
 * a missing key.
 */
export function renderGateway(model: GatewayModel, options: RenderOptions): ReadonlyMap<string, string> {
  const checked = checkGatewayModel(model)
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
 * Paths of files that the workers open themselves: bodies, and the logs after a rotation. Workers of another account than their
 * master's may lack access to the directories above ours, so the paths are relative to their working directory, which is ours
 * (nginx-command.ts).
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
