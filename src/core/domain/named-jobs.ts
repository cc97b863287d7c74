import { listed } from '../config/config-finding.ts'
import { nearestWord } from '../config/nearest-word.ts'
import { replicaId } from './endpoint.ts'
import { UserError } from './user-error.ts'

/** A job of ours in the run that is known. */
export interface NamedJob {
  readonly tier: string
  readonly id: string
  readonly restarts: number
}

/** The tiers and jobs that a name can mean. */
export interface Names {
  readonly tiers: readonly string[]
  readonly jobs: readonly NamedJob[]
}

/**
 * The jobs that a name on the command line means: those of a tier, or the one of an endpoint `fast-4242-1-0`, of a
 * replica `fast-4242-1` or with a job's number. A tier may have none.
 *
 * @throws UserError with the nearest name, or with the list of tiers.
 */
export function jobsNamed(name: string, { tiers, jobs }: Names): readonly NamedJob[] {
  if (tiers.includes(name)) return jobs.filter(job => job.tier === name)
  const [, tier, id, restarts] = NAME.exec(name) ?? []
  const found = jobs.find(job => job.id === id && (tier === undefined || job.tier === tier))
  if (found !== undefined && (restarts === undefined || found.restarts === Number(restarts))) return [found]
  if (found !== undefined) {
    throw new UserError(
      `Cannot find ${JSON.stringify(name)}: job ${id} was requeued since, and is "${replicaOf(found)}" now; name that one`,
    )
  }
  const near = nearestWord(name, [...tiers, ...jobs.flatMap(job => [replicaOf(job), job.id])])
  throw new UserError(
    `Cannot find ${JSON.stringify(name.slice(0, 80))}: no tier, job or endpoint of this site has that name; ` +
      (near === undefined
        ? `the tiers are ${listed(tiers)}, and sluice status shows the jobs and endpoints`
        : `did you mean "${near}"`),
  )
}

/** `4242`, `fast-4242-1` or `fast-4242-1-0`. */
const NAME = /^(?:([a-z][a-z0-9_]{0,31})-)?(\d{1,10})(?:-(\d{1,6})(?:-\d{1,4})?)?$/

function replicaOf({ tier, id, restarts }: NamedJob): string {
  return replicaId({ tier, jobId: id, restarts })
}
