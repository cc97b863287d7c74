import { isDeepStrictEqual } from 'node:util'
import { inNetworks, inRanges, NEVER_REMOTE, rangesOf } from '../domain/address.ts'
import type { GatewayModel, GatewayTier } from '../domain/gateway-model.ts'
import { canonicalListen, isAnsweredBy, type ListenAddress, listensOf } from '../domain/listen-address.ts'
import { clientPaths } from '../engines/client-paths.ts'
import type { Config, TierConfig } from './schema.ts'

/** Retry-After for clients of an empty tier: about the time until a requeued job runs again. */
const RETRY_AFTER_SECONDS = 10

/** More than the largest cluster needs, and few enough for nginx's test to end in time. */
const MOST_SERVERS = 4096

/** The gateway of the configuration alone, without endpoints. */
export function staticGateway({ gateway, tiers }: Config) {
  return {
    listen: canonicalListen(gateway.listen),
    connectionsPerClient: gateway.connectionsPerClient,
    tiers: Object.entries(tiers).map(([name, tier]) => ({
      name,
      path: tier.path,
      ...(tier.gatewayPort === undefined ? {} : { port: canonicalListen(tier.gatewayPort) }),
      paths: clientPaths(tier.engine, tier.allowPaths),
      ...(gateway.byModel ? namesOf(tier) : {}),
      readTimeoutSeconds: tier.readTimeoutSeconds,
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    })),
  }
}

/** The models by which clients of the one address reach a tier. */
function namesOf({ model, router }: TierConfig): Pick<GatewayTier, 'models' | 'loadsModels'> {
  if (model !== undefined) return { models: [model.name] }
  return router === undefined ? { models: [] } : { models: router.preload, loadsModels: true }
}

/**
 * Checks a planned gateway against the static one: a plan may only add endpoints within the networks, and models. The rule "nothing
 * unvalidated reaches nginx", docs/design/rules.md, is checked here again without files of the share, because another account
 * may have made the plan. This is for a site with Slurm: its engines are never on loopback, nor at an address of the gateway.
 *
 * @throws when the plan does more.
 */
export function refuseOtherModel(config: Config, model: GatewayModel, ownAddresses: readonly string[]): void {
  const staticPart = staticGateway(config)
  const empty = { ...staticPart, tiers: staticPart.tiers.map(bare) }
  const planned = { ...model, tiers: model.tiers.map(bare) }
  if (!isDeepStrictEqual(planned, empty)) {
    throw new Error('Cannot apply a model: its ports, paths or tiers are not those of sluice.yaml')
  }
  const servers = model.tiers.flatMap(tier => tier.servers)
  if (servers.length > MOST_SERVERS) {
    throw new Error(`Cannot apply a model: it has ${servers.length} endpoints, and at most ${MOST_SERVERS} are allowed`)
  }
  const networks = rangesOf(config.gateway.networks)
  const listens = listensOf(staticPart)
  for (const { id, ...at } of servers) {
    const why = refuseAddress(at)
    if (why !== undefined) throw new Error(`Cannot apply a model: ${at.address}:${at.port} of ${id} ${why}`)
  }

  function bare({ waiting: _, models, ...tier }: Omit<GatewayTier, 'servers'>) {
    return { ...tier, servers: [], models: models && [] }
  }

  function refuseAddress(at: ListenAddress): string | undefined {
    if (!inRanges(at.address, networks)) return 'lies outside gateway.networks'
    if (inRanges(at.address, NEVER_REMOTE)) return 'is link-local or loopback'
    return isAnsweredBy(at, listens, ownAddresses) ? "is the gateway's own" : undefined
  }
}

/** @throws when the address lies outside the networks, so that the gateway has no streams there. */
export function refuseStrayed({ gateway }: Config, address: string): void {
  if (inNetworks(address, gateway.networks)) return
  throw new Error(`Cannot end streams: ${address} lies outside gateway.networks`)
}
