import { isDeepStrictEqual } from 'node:util'
import type { Config } from '../config/schema.ts'
import { inNetworks } from '../domain/address.ts'
import type { GatewayModel } from '../domain/gateway-model.ts'

/** What clients of an empty tier are told to wait: about as long as a requeued job needs to run again. */
const RETRY_AFTER_SECONDS = 10

/** The gateway as the configuration has it, before anyone serves it. */
export function gatewayFrame({ gateway, tiers }: Config) {
  return {
    listen: gateway.listen,
    connectionsPerClient: gateway.connectionsPerClient,
    tiers: Object.entries(tiers).map(([name, tier]) => ({
      name,
      path: tier.path,
      ...(tier.gatewayPort === undefined ? {} : { port: tier.gatewayPort }),
      readTimeoutSeconds: tier.readTimeoutSeconds,
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    })),
  }
}

/**
 * Whoever plans a gateway fills this frame, within the networks, and nothing else.
 *
 * @throws when the model does more.
 */
export function refuseOtherModel(config: Config, model: GatewayModel): void {
  const frame = gatewayFrame(config)
  const empty = { ...frame, tiers: frame.tiers.map(tier => ({ ...tier, servers: [] })) }
  if (!isDeepStrictEqual({ ...model, tiers: model.tiers.map(tier => ({ ...tier, servers: [] })) }, empty)) {
    throw new Error('Cannot apply a model: its ports, paths or tiers are not those of sluice.yaml')
  }
  const strayed = model.tiers
    .flatMap(tier => tier.servers)
    .find(server => !inNetworks(server.address, config.gateway.networks))
  if (strayed !== undefined) {
    throw new Error(`Cannot apply a model: ${strayed.address} of ${strayed.id} lies outside gateway.networks`)
  }
}
