import { type RoutedTier, route } from '../../../core/routing/route.ts'
import type { Bytes } from '../../../core/routing/top-level-string.ts'

/** The part of njs's request object that the handler uses. */
interface NjsRequest {
  readonly method: string
  readonly headersIn: Readonly<Record<string, string | undefined>>
  readonly headersOut: Record<string, string>
  /** Undefined without a body. Throws where it lies in a file and this njs does not read files. */
  readonly requestBuffer: Bytes | undefined
  readonly variables: Readonly<Record<string, string | undefined>>
  return(status: number, body: string): void
  internalRedirect(location: string): void
}

/** A tier as a generation's table has it: its paths as the sources of their expressions. */
export type TableTier = Omit<RoutedTier, 'paths'> & { readonly paths: readonly string[] }

/** Written before this file in each generation. `names` begins the name of the variable with a request's checked path. */
declare const TABLE: { readonly names: string; readonly tiers: readonly TableTier[] }

const tiers = TABLE.tiers.map(tier => ({
  name: tier.name,
  models: tier.models,
  paths: tier.paths.map(source => new RegExp(source)),
  state: tier.state,
  isRoot: tier.isRoot,
  loadsModels: tier.loadsModels,
}))

/** Handles the requests of the location that all tiers share. */
function serve(request: NjsRequest): void {
  const decision = route(
    {
      method: request.method,
      path: request.variables[`${TABLE.names}_straight`] || '',
      contentType: request.headersIn['Content-Type'] || '',
      body: request.method === 'POST' ? request.requestBuffer : undefined,
    },
    { tiers: tiers },
  )
  if (decision.tier !== undefined) {
    request.internalRedirect(`@${decision.tier}-model`)
    return
  }
  request.headersOut['Content-Type'] = 'application/json'
  request.return(decision.status, decision.body)
}

export { serve }
