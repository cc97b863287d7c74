import { listed, quote } from '../config/config-finding.ts'
import { type Endpoint, endpointId } from './endpoint.ts'
import { cannotFind, resolveName } from './resolve-name.ts'
import { UserError } from './user-error.ts'

/**
 * The one endpoint that a name on the command line means (resolve-name.ts): its id, or the replica, job or tier that has
 * this one only.
 *
 * @throws UserError where there is none, or more than one.
 */
export function endpointNamed(
  name: string,
  { tiers, endpoints }: { tiers: readonly string[]; endpoints: readonly Endpoint[] },
): Endpoint {
  const jobs = endpoints.map(({ tier, job }) => ({ tier, id: job.id, restarts: job.restarts }))
  const named = resolveName(name, { tiers: [...new Set([...tiers, ...jobs.map(job => job.tier)])], jobs })
  const [first, ...more] = endpoints.filter(({ id, tier, job }) => {
    if (named.kind === 'tier') return tier === named.tier
    const { restarts = job.restarts, index } = named
    const isOfRun = job.id === named.id && job.restarts === restarts
    return isOfRun && (index === undefined || id === endpointId({ tier, jobId: job.id, restarts, index }))
  })
  const ids = endpoints.map(one => one.id)
  if (first === undefined) throw cannotFind({ what: 'endpoint', name, words: ids })
  if (more.length === 0) return first
  throw new UserError(
    `Cannot choose an endpoint of ${quote(name)}: name ${listed([first, ...more].map(one => one.id))}`,
  )
}
