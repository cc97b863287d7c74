import { stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { type ConfigOptions, loadRunningConfig } from '../../adapters/config-file/load-config.ts'
import { runningUps } from '../../adapters/config-file/running-ups.ts'
import { openRegistry } from '../../adapters/registry/open-registry.ts'
import { openSlurm } from '../../adapters/slurm/open-slurm.ts'
import { tierOfComment } from '../../adapters/slurm/submission-comment.ts'
import { accountOf } from '../../adapters/system/account.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { createSerialQueue, type SerialQueue } from '../../adapters/system/serial-queue.ts'
import type { Config } from '../../core/config/schema.ts'
import type { Context } from '../../core/context.ts'
import { codeOf, messageOf } from '../../core/domain/caught.ts'
import type { JobView } from '../../core/domain/job-view.ts'
import { COMMAND_DEADLINE_MS } from '../../core/domain/shared-deadline.ts'
import { UserError } from '../../core/domain/user-error.ts'
import { withoutSlurm } from '../../programs/up/without-slurm.ts'
import { localJobs, localOrders, type Orders } from './local-slurm.ts'

const SLURM_TIMEOUT_MS = 20_000

/** The site for an operator's command. */
export interface Site {
  readonly config: Config
  readonly registry: ReturnType<typeof openRegistry>
  readonly serialQueue: SerialQueue
  /** Orders for a job: to Slurm, or without Slurm to its supervisor. */
  readonly orders: Orders
  /** A `sluice up` runs it on this machine without Slurm, and its replicas take the place of jobs. */
  readonly isLocal: boolean
  /** This site's jobs with their tiers; or in words why they are not known. */
  jobs(signal?: AbortSignal): Promise<SiteJobs | { readonly unknown: string }>
}

export interface SiteJobs {
  readonly jobs: readonly { readonly tier: string; readonly job: JobView }[]
  /**
   * This account's other jobs. One may belong to this site with an overwritten comment, so its files do not count as left behind.
   */
  readonly others: readonly JobView[]
  readonly complete: boolean
}

/**
 * Opens the site of sluice.yaml as its account. A shared directory that does not answer is reported later, by its readers.
 *
 * @throws ForeignSite when the shared directory is another account's ("nothing unvalidated reaches nginx",
 * docs/design/rules.md).
 */
export async function openSite(options: ConfigOptions, context: Context): Promise<Site> {
  const { config } = await loadRunningConfig(options, context)
  const serialQueue = createSerialQueue(systemClock, COMMAND_DEADLINE_MS)
  await refuseForeign(config, serialQueue, context)
  const registry = openRegistry(config.shared, serialQueue)
  if (await isRunByUp(config, context)) {
    return {
      ...{ config: withoutSlurm(config), serialQueue, registry, isLocal: true, orders: localOrders(registry) },
      jobs: () => localJobs(registry).catch(error => ({ unknown: `Cannot read the registry: ${messageOf(error)}` })),
    }
  }
  const slurm = openSlurm({ env: context.env, timeoutMs: SLURM_TIMEOUT_MS })
  return {
    ...{ config, serialQueue, registry, isLocal: false, orders: slurm },
    async jobs(signal) {
      const answer = await slurm.jobs(signal)
      if (answer.kind === 'no-answer') return { unknown: answer.message }
      const { jobs, problems } = answer.value
      const ours = jobs.flatMap(job => {
        const tier = tierOfComment(job.comment, config.site)
        return tier === undefined ? [] : [{ tier, job }]
      })
      const others = jobs.filter(job => tierOfComment(job.comment, config.site) === undefined)
      return { jobs: ours, others, complete: problems.length === 0 }
    },
  }
}

/** Whether a `sluice up` of this account runs this site. */
export async function isRunByUp({ shared }: Config, { env }: Context): Promise<boolean> {
  return (await runningUps(env)).some(up => up.shared === shared)
}

/** The site belongs to another account. */
export class ForeignSite extends UserError {
  readonly shared: string
  readonly gateway: string

  constructor(message: string, { shared, gateway }: Config) {
    super(message)
    this.shared = shared
    this.gateway = gateway.name
  }
}

/** @throws ForeignSite, which names the site's account. */
export async function refuseForeign(config: Config, serialQueue: SerialQueue, { env }: Context): Promise<void> {
  const { shared } = config
  const { uid, username } = userInfo()
  const us = `and this is ${username} (uid ${uid})`
  const found = await serialQueue
    .run('look at the shared directory', () => stat(shared))
    .catch(error => (codeOf(error) === 'EACCES' ? ('hidden' as const) : undefined))
  if (found === undefined || (found !== 'hidden' && found.uid === uid)) return
  if (found === 'hidden') {
    const what = `Cannot work on "${shared}": it is hidden from this account, ${us}`
    throw new ForeignSite(`${what}; run sluice as the account that owns it`, config)
  }
  const owner = (await accountOf(found.uid, env).catch(() => undefined))?.name
  throw new ForeignSite(
    `Cannot work on "${shared}": it belongs to ${owner === undefined ? '' : `${owner} (`}uid ${found.uid}${owner === undefined ? '' : ')'}, ${us}; ` +
      `run sluice as ${owner ?? 'the account that owns the jobs and the shared directory'}`,
    config,
  )
}
