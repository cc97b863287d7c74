import type { GatewayModel, GatewayTier } from '../../../core/domain/gateway-model.ts'
import type { Njs } from '../nginx/find-njs.ts'
import type { TableTier } from '../njs/router.ts'
import { pathPatterns } from './path-list.ts'

export const ROUTER_FILE = 'router.js'

/** One address serves the models of all tiers: nginx can run the router, and tiers have models. No tier stands at /v1/ (config/rules/tiers.ts). */
export function hasRouter(model: GatewayModel, njs: Njs | undefined): njs is Njs {
  return njs !== undefined && model.tiers.some(tier => (tier.models ?? []).length > 0)
}

/** The router's program, as njs runs it, before it the table of this generation. */
export function renderRouter(program: string, names: string, model: GatewayModel): string {
  const tiers = model.tiers.map(
    (tier): TableTier => ({
      name: tier.name,
      models: tier.models ?? [],
      // JavaScript has no \z, and its $ matches only at the end of the text.
      paths: pathPatterns('', tier.paths ?? []).map(pattern => pattern.slice(1).replace(/\\z$/, '$')),
      state: stateOf(tier),
      isRoot: tier.path === '/',
      loadsModels: tier.loadsModels === true,
    }),
  )
  return `var TABLE = ${JSON.stringify({ names, tiers })};\n${program}`
}

function stateOf({ servers, waiting }: GatewayTier): TableTier['state'] {
  if (servers.length > 0) return 'ready'
  return waiting?.kind === 'loading' || waiting?.kind === 'unrouted' ? 'loading' : 'cold'
}
