import { listed } from '../config/config-finding.ts'
import { nearestWord } from '../config/nearest-word.ts'
import { type Endpoint, replicaOf } from './endpoint.ts'
import { UserError } from './user-error.ts'

/**
 * The one endpoint that a name on the command line means: its id `fast-4242-1-0`, or its replica `fast-4242-1` or job
 * `4242` if that has only one.
 *
 * @throws UserError with the nearest name, or with the list of endpoints.
 */
export function endpointNamed(name: string, endpoints: readonly Endpoint[]): Endpoint {
  const found = endpoints.filter(({ id, job }) => [id, replicaOf(id), job.id].includes(name))
  const [first, ...more] = found
  if (first !== undefined && more.length === 0) return first
  if (first !== undefined) {
    throw new UserError(`Cannot choose an endpoint of "${name}": name ${listed(found.map(one => one.id))}`)
  }
  const ids = endpoints.map(one => one.id)
  const near = nearestWord(name, ids)
  const there = ids.length === 0 ? 'there are none now' : `the endpoints are ${listed(ids)}`
  throw new UserError(
    `Cannot find the endpoint ${JSON.stringify(name.slice(0, 80))}: ${near === undefined ? there : `did you mean "${near}"`}`,
  )
}
