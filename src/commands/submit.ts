import { type ConfigOptions, loadConfig } from '../adapters/config-file/load-config.ts'
import { openSlurm } from '../adapters/slurm/open-slurm.ts'
import type { Submission } from '../adapters/slurm/slurm.ts'
import { submissionComment } from '../adapters/slurm/submission-comment.ts'
import { sbatchArguments } from '../adapters/slurm/submit.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { createSerialQueue } from '../adapters/system/serial-queue.ts'
import { readTemplate } from '../adapters/system/templates.ts'
import type { Context } from '../core/context.ts'
import { UserError } from '../core/domain/user-error.ts'
import { keptDirectory } from '../core/job-script/job-output.ts'
import { JOB_TEMPLATE, renderJobScript, scriptName } from '../core/job-script/render-job-script.ts'
import { printJson, printText } from '../core/text/line-printer.ts'
import { refuseForeign, SHARED_DEADLINE_MS } from './site/open-site.ts'
import { refuseMisfits } from './site/refuse-misfits.ts'

export interface SubmitOptions extends ConfigOptions {
  /** How many jobs; one by default. */
  readonly count?: string
  /** Print the script and the sbatch line, submit nothing. */
  readonly dryRun?: boolean
  readonly json?: boolean
  /** Confirms a submission as root. */
  readonly asRoot?: boolean
}

/**
 * `sluice submit TIER`: renders the tier's script from the current sluice.yaml and submits it to Slurm. If one of several
 * submissions fails, earlier jobs stay submitted and are named. Throws a UserError when Slurm refuses, and an Error (exit code 1)
 * when it is not known whether there is a job.
 */
export async function submit(tier: string, options: SubmitOptions, context: Context): Promise<void> {
  const count = countOf(options.count)
  const loaded = await loadConfig(options, context)
  const { config } = loaded
  const script = renderJobScript(config, tier, await readTemplate(JOB_TEMPLATE))
  await refuseMisfits([tier], loaded)
  if (options.dryRun) {
    const argv = ['sbatch', ...sbatchArguments(submissionComment(config.site, tier))]
    if (options.json) printJson(context.print, { tier, count, dryRun: true, argv, script })
    else printText(context.print, `${argv.join(' ')} < ${scriptName(config, tier)}\n\n${script.trimEnd()}`)
    return
  }

  if (context.uid === 0 && options.asRoot !== true) {
    throw new UserError(
      `Cannot submit ${tier} as root: its engines would run as root on the nodes, and its files would be root's; run this as the account that "${config.shared}" belongs to, or add --as-root`,
    )
  }
  if (options.asRoot !== true) await refuseForeign(config, createSerialQueue(systemClock, SHARED_DEADLINE_MS), context)
  const slurm = openSlurm({ env: context.env })
  const jobs: { id: string; comment: string }[] = []
  try {
    while (jobs.length < count) {
      const comment = submissionComment(config.site, tier)
      const request = { script, comment, outputDirectory: keptDirectory(config, tier), progress: context.warn }
      const submission = await slurm.submit(request, context.signal)
      if (submission.kind !== 'submitted') throw failure(submission, { tier, comment, jobs: jobs.length, count })
      jobs.push({ id: submission.id, comment })
      if (!options.json) context.print(`Submitted ${tier} as job ${submission.id}`)
    }
  } finally {
    if (options.json) printJson(context.print, { tier, jobs })
  }
}

function countOf(text = '1'): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) {
    throw new UserError(`Cannot submit "${text}" jobs: --count takes a whole number from 1 to 999`)
  }
  return Number(text)
}

interface Attempt {
  readonly tier: string
  readonly comment: string
  /** The number of jobs submitted before it. */
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
    `Cannot find out whether ${which} was submitted: ${submission.message}; before you try again, look for its comment ${comment} with squeue --me -O JobID,Comment:80`,
  )
}
