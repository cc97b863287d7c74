import { type ConfigOptions, loadConfig } from '../adapters/config-file/load-config.ts'
import { refuseMisfits } from '../adapters/model-files/misfits.ts'
import { openSlurm } from '../adapters/slurm/open-slurm.ts'
import {
  prepareSubmission,
  type SubmittedJob,
  sbatchLine,
  submitTier,
  type TierSubmission,
} from '../adapters/slurm/submit-tier.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { createSerialQueue } from '../adapters/system/serial-queue.ts'
import type { Config } from '../core/config/schema.ts'
import type { Context } from '../core/context.ts'
import { COMMAND_DEADLINE_MS } from '../core/domain/shared-deadline.ts'
import { UserError } from '../core/domain/user-error.ts'
import { scriptName } from '../core/job-script/render-job-script.ts'
import { printJson, printText } from '../core/text/line-printer.ts'
import { refuseForeign } from './site/open-site.ts'

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
  const submission = await prepareSubmission(loaded.config, tier)
  await refuseMisfits([tier], loaded)
  if (options.dryRun) return printPlan(submission, count, options, context)
  if (options.asRoot !== true) await refuseAccount(tier, loaded.config, context)
  const jobs: SubmittedJob[] = []
  const submitted = (job: SubmittedJob) => {
    jobs.push(job)
    if (!options.json) context.print(`Submitted ${tier} as job ${job.id}`)
  }
  const { warn: progress, signal } = context
  await submitTier(submission, openSlurm({ env: context.env }), { count, submitted, progress, signal }).finally(() => {
    if (options.json) printJson(context.print, { tier, jobs })
  })
}

function printPlan(submission: TierSubmission, count: number, { json }: SubmitOptions, { print }: Context): void {
  const { config, tier, script } = submission
  const argv = sbatchLine(submission)
  if (json) printJson(print, { tier, count, dryRun: true, argv, script })
  else printText(print, `${argv.join(' ')} < ${scriptName(config, tier)}\n\n${script.trimEnd()}`)
}

async function refuseAccount(tier: string, config: Config, context: Context): Promise<void> {
  if (context.uid === 0) {
    throw new UserError(
      `Cannot submit ${tier} as root: its engines would run as root on the nodes, and its files would be root's; run this as the account that "${config.shared}" belongs to, or add --as-root`,
    )
  }
  await refuseForeign(config, createSerialQueue(systemClock, COMMAND_DEADLINE_MS), context)
}

function countOf(text = '1'): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) {
    throw new UserError(`Cannot submit "${text}" jobs: --count takes a whole number from 1 to 999`)
  }
  return Number(text)
}
