import type { GatewayModel, GatewayTier } from '../../core/domain/gateway-model.ts'

/**
 * The model with servers in each of its tiers; undefined where all have some. A new site has no engines, and without this a
 * directive that its nginx lacks would be found only with the first engine.
 */
export function rehearsalOf(model: GatewayModel): GatewayModel | undefined {
  if (model.tiers.every(tier => tier.servers.length > 0)) return undefined
  return {
    ...model,
    tiers: model.tiers.map(tier => (tier.servers.length > 0 ? tier : { ...tier, servers: STAND_INS })),
  }
}

/** Two, because a tier with several servers has more configuration. Addresses of RFC 5737; they are tested, never loaded. */
const STAND_INS: GatewayTier['servers'] = [
  { id: 'stand-in-0', address: '192.0.2.1', port: 8080 },
  { id: 'stand-in-1', address: '192.0.2.2', port: 8080 },
]
