import { type Endpoint, replicaOf } from '../../core/domain/endpoint.ts'
import type { JobView } from '../../core/domain/job-view.ts'

/**
 * Endpoints of the named jobs whose runs are over for good: no process needs their files. `answer` must be newer than the
 * endpoints, because a job that is missing in an older answer may have begun meanwhile. In an answer that could not be read in
 * full, no job counts as missing ("unknown is not none", docs/design/rules.md).
 */
export function leftBehind(
  name: string,
  endpoints: readonly Endpoint[],
  answer: { readonly jobs: readonly JobView[]; readonly complete: boolean },
): readonly Endpoint[] {
  return endpoints.filter(endpoint => {
    const { id, tier, job } = endpoint
    if (![tier, job.id, replicaOf(id), id].includes(name)) return false
    const now = answer.jobs.find(one => one.id === job.id)
    if (now === undefined) return answer.complete
    return now.restarts > job.restarts || (now.restarts === job.restarts && now.state === 'ended')
  })
}
