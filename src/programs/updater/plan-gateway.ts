import { addressOf } from '../../core/domain/endpoint.ts'
import type { GatewayModel, GatewayServer, GatewayTier, Waiting } from '../../core/domain/gateway-model.ts'
import { given } from '../../core/domain/given.ts'
import type { RoutesFile } from '../../core/domain/routes-file.ts'
import type { ObservedEndpoints } from './observed-endpoints.ts'
import { type Routability, routabilityOf, type Surroundings } from './routability.ts'
import { spareUnwell } from './spare-unwell.ts'

/** A tier of the configuration alone, without endpoints. */
export type StaticTier = Omit<GatewayTier, 'servers' | 'waiting'>

/** A server's share of its tier's requests; without either mark an equal share. */
export type Share = Pick<GatewayServer, 'backup' | 'trial'>

/** The planned gateway, and why each endpoint is in it or not. */
export interface GatewayPlan {
  readonly model: GatewayModel
  /** By endpoint id. */
  readonly routabilities: ReadonlyMap<string, Routability>
}

/** The part of the gateway's model that comes from sluice.yaml alone. */
export type StaticPart = Omit<GatewayModel, 'tiers'> & { readonly tiers: readonly StaticTier[] }

/** Drops the updater's other options, because models are compared as a whole. */
export function staticPartOf(options: {
  readonly listen: StaticPart['listen']
  readonly connectionsPerClient?: number | undefined
  readonly tiers: StaticPart['tiers']
}): StaticPart {
  const { listen, connectionsPerClient, tiers } = options
  return { listen, ...given({ connectionsPerClient }), tiers }
}

/** Plans the whole model from all known facts each time, so that no old part can remain. */
export function planGateway(
  staticPart: StaticPart,
  observed: ObservedEndpoints,
  around: Omit<Surroundings, 'tiers'>,
  shareOf: (id: string) => Share = () => ({}),
  waitingOf: (tier: StaticTier) => Waiting | undefined = () => undefined,
): GatewayPlan {
  const tiers = staticPart.tiers.map(tier => tier.name)
  const each = new Map([...observed].map(([id, one]) => [id, routabilityOf(one, { ...around, tiers })] as const))
  const routabilities = spareUnwell(observed, each, id => shareOf(id).backup === true)
  const servers = (tier: string): GatewayServer[] =>
    [...observed.values()].flatMap(({ endpoint }) => {
      const at = addressOf(endpoint)
      const routed = endpoint.tier === tier && routabilities.get(endpoint.id)?.routed === true && at !== undefined
      const { id, key } = endpoint
      return routed ? [{ id, ...at, ...given({ key }), ...shareOf(id) }] : []
    })
  return {
    routabilities,
    model: {
      ...staticPart,
      tiers: staticPart.tiers.map(tier => ({
        ...tierWith(tier, servers(tier.name).sort(byId), waitingOf),
        ...(tier.models === undefined ? {} : { models: modelsOf(tier, observed) }),
      })),
    },
  }
}

/** Those that the configuration names, and those that its endpoints have. */
function modelsOf(tier: StaticTier, observed: ObservedEndpoints): readonly string[] {
  const found = [...observed.values()].flatMap(({ endpoint }) => (endpoint.tier === tier.name ? endpoint.models : []))
  return [...new Set([...(tier.models ?? []), ...found.sort()])]
}

function tierWith(
  tier: StaticTier,
  servers: readonly GatewayServer[],
  waitingOf: (tier: StaticTier) => Waiting | undefined,
): GatewayTier {
  const waiting = servers.length > 0 ? undefined : waitingOf(tier)
  return { ...tier, servers, ...given({ waiting }) }
}

/** The model without the texts of empty tiers. */
export function withoutWords(model: GatewayModel): GatewayModel {
  return { ...model, tiers: model.tiers.map(({ waiting: _, ...tier }) => tier) }
}

/** Every endpoint that nginx reaches with this model, by tier. */
export function idsOf(model: GatewayModel): Record<string, string[]> {
  return Object.fromEntries(model.tiers.map(tier => [tier.name, tier.servers.map(server => server.id)]))
}

/** The endpoints that get few requests or none because their answers fail. */
export function asideIn(model: GatewayModel): NonNullable<RoutesFile['aside']> {
  const servers = model.tiers.flatMap(tier => tier.servers)
  return Object.fromEntries([
    ...servers.filter(one => one.trial === true).map(({ id }) => [id, 'on trial'] as const),
    ...servers.filter(one => one.backup === true).map(({ id }) => [id, 'set aside'] as const),
  ])
}

/** The ids of both, by tier: those that nginx may reach during the change from one to the other. */
export function union(one: Record<string, string[]>, other: Record<string, string[]>): Record<string, string[]> {
  const tiers = new Set([...Object.keys(one), ...Object.keys(other)])
  return Object.fromEntries(
    [...tiers].map(tier => [tier, [...new Set([...(one[tier] ?? []), ...(other[tier] ?? [])])].sort()]),
  )
}

/** The ids that are in only one of them. */
export function difference(
  before: Record<string, string[]>,
  after: Record<string, string[]>,
): { added: string[]; dropped: string[] } {
  const [had, has] = [new Set(Object.values(before).flat()), new Set(Object.values(after).flat())]
  return { added: [...has.difference(had)], dropped: [...had.difference(has)] }
}

/** Whether the change to the model adds an id to the reached ones, and whether it removes one. */
export function compare(reached: Record<string, string[]>, model: GatewayModel): { adds: boolean; drops: boolean } {
  const { added, dropped } = difference(reached, idsOf(model))
  return { adds: added.length > 0, drops: dropped.length > 0 }
}

/** The tiers that lost their last endpoint, and those that got a first one. */
export function tierChanges(
  before: Record<string, string[]>,
  after: Record<string, string[]>,
): { tier: string; event: 'down' | 'up' }[] {
  return Object.keys(after).flatMap(tier => {
    const [had, has] = [(before[tier] ?? []).length > 0, (after[tier] ?? []).length > 0]
    return had === has ? [] : [{ tier, event: has ? ('up' as const) : ('down' as const) }]
  })
}

/** The model with only the servers in `reached`, which may be applied while routes/ cannot be written. */
export function withoutAdditions(model: GatewayModel, reached: Record<string, string[]>): GatewayModel {
  return {
    ...model,
    tiers: model.tiers.map(tier => ({
      ...tier,
      servers: tier.servers.filter(({ id }) => reached[tier.name]?.includes(id)),
    })),
  }
}

function byId(one: GatewayServer, other: GatewayServer): number {
  return one.id < other.id ? -1 : 1
}
