import { isDeepStrictEqual } from 'node:util'
import { inNetworks, inRanges, NEVER_REMOTE, rangesOf } from '../domain/address.ts'
import type { GatewayModel } from '../domain/gateway-model.ts'
import { canonicalListen, isAnsweredBy, type ListenAddress, listensOf } from '../domain/listen-address.ts'
import { clientPaths } from '../engines/client-paths.ts'
import type { Config } from './schema.ts'

/** What clients of an empty tier are told to wait: about as long as a requeued job needs to run again. */
const RETRY_AFTER_SECONDS = 10

/** More than any cluster here has, and what nginx still tests within its time. */
const MOST_SERVERS = 4096

/** The gateway as the configuration has it, before anyone serves it. */
export function staticGateway({ gateway, tiers }: Config) {
  return {
    listen: canonicalListen(gateway.listen),
    connectionsPerClient: gateway.connectionsPerClient,
    tiers: Object.entries(tiers).map(([name, tier]) => ({
      name,
      path: tier.path,
      ...(tier.gatewayPort === undefined ? {} : { port: canonicalListen(tier.gatewayPort) }),
      paths: clientPaths(tier.engine, tier.allowPaths),
      models: tier.model === undefined ? (tier.router?.preload ?? []) : [tier.model.name],
      readTimeoutSeconds: tier.readTimeoutSeconds,
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    })),
  }
}

/**
 * Whoever plans a gateway fills what is fixed here, within the networks, and nothing else. "Nothing unvalidated reaches
 * nginx", docs/design/rules.md, is judged here again, as far as it needs no file of the share: what plans may be
 * another account's. It is for a site with Slurm, whose engines are never on loopback, nor where the gateway itself
 * answers.
 *
 * @throws when the model does more.
 */
export function refuseOtherModel(config: Config, model: GatewayModel, ownAddresses: readonly string[]): void {
  const staticPart = staticGateway(config)
  const empty = { ...staticPart, tiers: staticPart.tiers.map(tier => ({ ...tier, models: [], servers: [] })) }
  const planned = {
    ...model,
    tiers: model.tiers.map(({ waiting: _, ...tier }) => ({ ...tier, models: [], servers: [] })),
  }
  if (!isDeepStrictEqual(planned, empty)) {
    throw new Error('Cannot apply a model: its ports, paths or tiers are not those of sluice.yaml')
  }
  const servers = model.tiers.flatMap(tier => tier.servers)
  if (servers.length > MOST_SERVERS) {
    throw new Error(`Cannot apply a model: it has ${servers.length} endpoints, and ${MOST_SERVERS} is the most`)
  }
  const networks = rangesOf(config.gateway.networks)
  const listens = listensOf(staticPart)
  for (const { id, ...at } of servers) {
    const why = refuseAddress(at)
    if (why !== undefined) throw new Error(`Cannot apply a model: ${at.address}:${at.port} of ${id} ${why}`)
  }

  function refuseAddress(at: ListenAddress): string | undefined {
    if (!inRanges(at.address, networks)) return 'lies outside gateway.networks'
    if (inRanges(at.address, NEVER_REMOTE)) return 'is link-local or loopback'
    return isAnsweredBy(at, listens, ownAddresses) ? "is the gateway's own" : undefined
  }
}

/** @throws when the gateway reaches nobody there, so that it has no streams to end. */
export function refuseStrayed({ gateway }: Config, address: string): void {
  if (inNetworks(address, gateway.networks)) return
  throw new Error(`Cannot end streams: ${address} lies outside gateway.networks`)
}
