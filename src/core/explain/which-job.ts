import { type KnownJob, type Names, resolveName } from '../domain/resolve-name.ts'

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
export function whichJob(name: string, { tiers: configured, jobs }: Names<KnownJob>): WhichJob | undefined {
  // A tier that is no longer in sluice.yaml can still have jobs.
  const tiers = [...new Set([...configured, ...jobs.flatMap(job => job.tier ?? [])])]
  const named = resolveName(name, { tiers, jobs })
  if (named.kind === 'tier') {
    const ids = named.jobs.map(job => Number(job.id))
    return ids.length === 0 ? undefined : { tier: name, id: String(Math.max(...ids)), restarts: undefined }
  }
  const { tier, id, restarts } = named
  return { tier, id, restarts }
}
