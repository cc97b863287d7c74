import type { JobView } from './job-view.ts'

/**
 * Slurm holds the job because a node could not launch it: the words of 22.05 to 26.05, with or without underscores. An
 * operator's hold reads JobHeldAdmin, an owner's JobHeldUser, `scontrol requeuehold` "job requeued in held state", and too many
 * failures "launch failure limit exceeded requeued held": only people release those. Measured on both versions: the restart
 * count includes the failed run, and the job's owner may release it (an operator's hold: Access/permission denied).
 */
export function isHeldByLaunch(job: JobView): boolean {
  return job.state === 'pending' && /^launch[ _]failed[ _]requeued[ _]held$/.test(job.reason)
}

/** The fix for a person. */
export function launchHoldCure({ id }: JobView): string {
  return `See slurmd's log on the node that was to run it; then, as its owner or as an operator of Slurm: scontrol release ${id}`
}
