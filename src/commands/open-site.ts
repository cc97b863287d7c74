import { stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import type { Config } from '../config/schema.ts'
import type { JobView } from '../domain/job-view.ts'
import { UserError } from '../domain/user-error.ts'
import { openRegistry } from '../registry/open-registry.ts'
import { openSlurm } from '../slurm/open-slurm.ts'
import type { Slurm } from '../slurm/slurm.ts'
import { tierOfComment } from '../slurm/submission-comment.ts'
import { systemClock } from '../system/clock.ts'
import { createLane, type Lane } from '../system/lane.ts'
import type { Context } from './context.ts'
import { type ConfigOptions, loadConfig } from './load-config.ts'

/** Whoever waits at a terminal is told rather than kept waiting. */
const SHARED_DEADLINE_MS = 10_000
const SLURM_TIMEOUT_MS = 20_000

/** What an operator's command looks at and acts on. */
export interface Site {
  readonly config: Config
  readonly registry: ReturnType<typeof openRegistry>
  readonly lane: Lane
  readonly slurm: Slurm
  /** This site's jobs with their tiers; in words why they are not known. */
  jobs(signal?: AbortSignal): Promise<SiteJobs | { readonly unknown: string }>
}

export interface SiteJobs {
  readonly jobs: readonly { readonly tier: string; readonly job: JobView }[]
  readonly complete: boolean
}

/**
 * Opens the site of sluice.yaml as its account. A shared directory that does not answer is told later, by what reads it.
 *
 * @throws UserError when the shared directory is another account's (rule 9).
 */
export async function openSite(options: ConfigOptions, context: Context): Promise<Site> {
  const { config } = await loadConfig(options, context)
  const lane = createLane(systemClock, SHARED_DEADLINE_MS)
  await refuseForeign(config.shared, lane)
  const slurm = openSlurm({ env: context.env, timeoutMs: SLURM_TIMEOUT_MS })
  return {
    config,
    lane,
    slurm,
    registry: openRegistry(config.shared, lane),
    async jobs(signal) {
      const answer = await slurm.jobs(signal)
      if (answer.kind === 'no-answer') return { unknown: answer.message }
      const { jobs, problems } = answer.value
      const ours = jobs.flatMap(job => {
        const tier = tierOfComment(job.comment, config.site)
        return tier === undefined ? [] : [{ tier, job }]
      })
      return { jobs: ours, complete: problems.length === 0 }
    },
  }
}

async function refuseForeign(shared: string, lane: Lane): Promise<void> {
  const found = await lane.run('look at the shared directory', () => stat(shared)).catch(() => undefined)
  const { uid, username } = userInfo()
  if (found === undefined || found.uid === uid) return
  throw new UserError(
    `Cannot work on "${shared}": it belongs to uid ${found.uid}, and this is ${username} (uid ${uid}); ` +
      'run sluice as the account that owns the jobs and the shared directory',
  )
}
