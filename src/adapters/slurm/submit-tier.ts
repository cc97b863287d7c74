import type { Config } from '../../core/config/schema.ts'
import { UserError } from '../../core/domain/user-error.ts'
import { keptDirectory } from '../../core/job-script/job-output.ts'
import { JOB_TEMPLATE, renderJobScript } from '../../core/job-script/render-job-script.ts'
import { readTemplate } from '../system/templates.ts'
import type { Slurm, Submission } from './slurm.ts'
import { submissionComment } from './submission-comment.ts'
import { sbatchArguments } from './submit.ts'

/** A tier's job script as sluice.yaml gives it now, ready for Slurm. */
export interface TierSubmission {
  readonly config: Config
  readonly tier: string
  readonly script: string
}

export interface SubmittedJob {
  readonly id: string
  /** By it the job is found whose id was lost. */
  readonly comment: string
}

/** @throws UserError when there is no such tier, or its log has no directory of its own. */
export async function prepareSubmission(config: Config, tier: string): Promise<TierSubmission> {
  return { config, tier, script: renderJobScript(config, tier, await readTemplate(JOB_TEMPLATE)) }
}

/** What would hand one job to Slurm; the script comes on standard input. */
export function sbatchLine({ config, tier }: TierSubmission): readonly string[] {
  return ['sbatch', ...sbatchArguments(submissionComment(config.site, tier))]
}

export interface SubmitTierOptions {
  readonly count: number
  /** Called for each job as soon as Slurm has it: it stays submitted where one after it fails. */
  readonly submitted: (job: SubmittedJob) => void
  /** Gets what is waited for and tried again. */
  readonly progress: (line: string) => void
  readonly signal: AbortSignal
}

/**
 * Submits jobs of a tier, one after the other. Whether this account may, and whether the model can be run so, is asked
 * before.
 *
 * @throws UserError for what Slurm refuses, and Error where it is not known whether there is a job.
 */
export async function submitTier(
  { config, tier, script }: TierSubmission,
  slurm: Pick<Slurm, 'submit'>,
  { count, submitted, progress, signal }: SubmitTierOptions,
): Promise<void> {
  for (let jobs = 0; jobs < count; jobs += 1) {
    const comment = submissionComment(config.site, tier)
    const outputDirectory = keptDirectory(config, tier)
    const submission = await slurm.submit({ script, comment, outputDirectory, progress }, signal)
    if (submission.kind !== 'submitted') throw failure(submission, { tier, comment, jobs, count })
    submitted({ id: submission.id, comment })
  }
}

interface Attempt {
  readonly tier: string
  readonly comment: string
  /** Submitted before it. */
  readonly jobs: number
  readonly count: number
}

function failure(submission: Exclude<Submission, { kind: 'submitted' }>, attempt: Attempt): Error {
  const { tier, comment, jobs, count } = attempt
  const which = count === 1 ? tier : `${tier} (${jobs + 1} of ${count})`
  if (submission.kind === 'refused' && submission.neverAsked === true) {
    const remedy = "put Slurm's programs on PATH, or run this on a machine that has them"
    return new UserError(`Cannot submit ${which}: ${submission.message}; nothing was submitted: ${remedy}`)
  }
  if (submission.kind === 'refused') {
    return new UserError(`Cannot submit ${which}: ${submission.message}; see tiers.${tier}.slurm in sluice.yaml`)
  }
  return new Error(
    `Cannot tell whether ${which} was submitted: ${submission.message}; before you try again, look for its comment ${comment} with squeue --me -O JobID,Comment:80`,
  )
}
