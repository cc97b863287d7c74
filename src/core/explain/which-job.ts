import { jobsNamed } from '../domain/named-jobs.ts'
import { UserError } from '../domain/user-error.ts'

/** A job that Slurm, the registry, or a file of its own names. */
export interface KnownJob {
  /** Undefined where only its number is known. */
  readonly tier: string | undefined
  readonly id: string
}

export interface WhichJob {
  readonly tier: string | undefined
  readonly id: string
  /** The run that was named. */
  readonly restarts: number | undefined
}

/**
 * The job that a name on the command line means: a job's number, a replica or endpoint of any of its runs, or the last job
 * of a tier; undefined for a tier that never had one. An unknown number is taken for a job, too.
 *
 * @throws UserError for a name that cannot be a job of this site
 */
export function whichJob(
  name: string,
  { tiers: configured, jobs }: { tiers: readonly string[]; jobs: readonly KnownJob[] },
): WhichJob | undefined {
  // A tier that is no longer in sluice.yaml can still have jobs.
  const tiers = [...new Set([...configured, ...jobs.flatMap(job => job.tier ?? [])])]
  if (tiers.includes(name)) {
    const ids = jobs.filter(job => job.tier === name).map(job => Number(job.id))
    return ids.length === 0 ? undefined : { tier: name, id: String(Math.max(...ids)), restarts: undefined }
  }
  const [, tier, digits, restarts] = NAME.exec(name) ?? []
  if (digits === undefined || (tier !== undefined && !tiers.includes(tier))) {
    // Called only for its error message: it finds no tier.
    jobsNamed(name, {
      tiers,
      jobs: jobs.flatMap(job => (job.tier === undefined ? [] : [{ ...job, tier: job.tier, restarts: 0 }])),
    })
    throw new UserError(`Cannot find ${JSON.stringify(name)}: no job of this site has that name`)
  }
  const id = String(Number(digits))
  const known = jobs.find(job => job.id === id && job.tier !== undefined)?.tier
  if (tier !== undefined && known !== undefined && known !== tier) {
    throw new UserError(`Cannot find ${JSON.stringify(name)}: job ${id} is of tier "${known}"`)
  }
  return { tier: known ?? tier, id, restarts: restarts === undefined ? undefined : Number(restarts) }
}

/** `4242`, `fast-4242-1` or `fast-4242-1-0`; Slurm gives no job the number 0. */
const NAME = /^(?:([a-z][a-z0-9_]{0,31})-)?(0*[1-9]\d{0,9})(?:-(\d{1,6})(?:-\d{1,4})?)?$/
