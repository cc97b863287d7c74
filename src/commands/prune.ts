import { readdir, readlink, realpath, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ConfigOptions } from '../adapters/config-file/load-config.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { programsBelow } from '../adapters/system/processes.ts'
import type { Context } from '../core/context.ts'
import { type BuildUser, isInstalledBuild, removableBuilds } from '../core/domain/build.ts'
import type { JobView } from '../core/domain/job-view.ts'
import { formatProblem } from '../core/domain/problem.ts'
import { UserError } from '../core/domain/user-error.ts'
import { endpointBuilds, updaterBuilds } from './site/build-users.ts'
import { openSite, type Site } from './site/open-site.ts'

export interface PruneOptions extends ConfigOptions {
  readonly to?: string
  readonly dryRun?: boolean
}

/**
 * Removes builds that are neither the target of `current` nor in use by an updater with a beat, a running job, or a process of this
 * machine. Waiting jobs will start `current`. If the build of one user is not known, none is removed.
 */
export async function prune(options: PruneOptions, context: Context): Promise<void> {
  const site = await openSite(options, context)
  const directory = options.to ?? site.config.runtime
  await pruneBuilds({
    directory,
    users: () => siteUsers(site, context.signal),
    dryRun: options.dryRun === true,
    print: context.print,
  })
}

export async function pruneBuilds(options: {
  directory: string
  users: () => Promise<readonly BuildUser[]>
  dryRun: boolean
  print(line: string): void
}): Promise<void> {
  const { directory, dryRun, print } = options
  const current = await currentBuild(directory)
  const installed = (await readdir(directory)).filter(isInstalledBuild).sort()
  const users = [...(await options.users()), ...(await localUsers(directory))]
  const found = removableBuilds(installed, current, users)
  if ('unsure' in found) throw new Error(`Cannot prune "${directory}", so nothing was removed: ${found.unsure}`)
  for (const [build, why] of found.kept) print(`Kept ${build}: ${why}`)
  // The rest of an interrupted prune, which would block the next one of its name.
  const torn = (await readdir(directory)).filter(name => isInstalledBuild(REMOVED.exec(name)?.[1] ?? ''))
  for (const name of torn) if (!dryRun) await rm(join(directory, name), { recursive: true })
  for (const build of found.remove) {
    // It is renamed first, so that a half removed build does not look installed.
    const going = join(directory, `.${build}.removed`)
    if (!dryRun) {
      // An installation at the same time may have changed `current`.
      if ((await currentBuild(directory)) !== current)
        throw new Error(`Cannot go on with "${directory}": "current" names another build now`)
      await rename(join(directory, build), going)
      await rm(going, { recursive: true })
    }
    print(`${dryRun ? 'Would remove' : 'Removed'} ${build}`)
  }
  if (found.remove.length === 0) print('Nothing to remove')
}

/**
 * Slurm is asked after the registry: an endpoint without a job then has ended, and a running job without an endpoint has not yet
 * reported its build.
 */
export async function siteUsers(
  site: Pick<Site, 'config' | 'registry' | 'serialQueue' | 'jobs'>,
  signal: AbortSignal,
): Promise<readonly BuildUser[]> {
  const updaters = await updaterBuilds(site, systemClock, signal)
  const { endpoints, problems } = await site.registry.scan()
  const answer = await site.jobs(signal)
  if ('unknown' in answer) throw new Error(`Cannot find out which jobs run, so nothing was removed: ${answer.unknown}`)
  const runs = (job: JobView) => job.state !== 'ended' && job.state !== 'pending'
  const live = answer.jobs.map(one => one.job).filter(runs)
  const any = [...live, ...answer.others.filter(runs)]
  const ofLive = endpoints.filter(({ job }) => !answer.complete || any.some(one => one.id === job.id))
  return [
    ...updaters.map(({ who, build }) => ({ who: `the updater of ${who}`, build })),
    ...endpointBuilds(ofLive),
    // An earlier run of the same job may have had another build.
    ...live
      .filter(({ id, restarts }) => !endpoints.some(({ job }) => job.id === id && job.restarts >= restarts))
      .map(({ id }) => ({ who: `job ${id}`, build: undefined })),
    ...(answer.complete ? [] : [{ who: "a job of Slurm's answer that could not be read", build: undefined }]),
    ...problems.map(problem => ({ who: formatProblem(problem), build: undefined })),
  ]
}

const REMOVED = /^\.(.+)\.removed$/

/** Resolves every form of the link: after a manual downgrade it may have an absolute path, or point to another link. */
async function currentBuild(directory: string): Promise<string> {
  const link = join(directory, 'current')
  const named = await readlink(link).catch(() => undefined) // reported below
  if (named === undefined)
    throw new UserError(`Cannot prune "${directory}": there is no "${link}", so nothing was installed there`)
  const found = await realpath(link).catch(() => undefined) // as above
  const build = found === undefined ? '' : basename(found)
  if (found === undefined || found !== join(await realpath(directory), build) || !isInstalledBuild(build))
    throw new UserError(
      `Cannot prune "${directory}", so nothing was removed: "${link}" points at "${named}", which is not a build there`,
    )
  return build
}

async function localUsers(directory: string): Promise<readonly BuildUser[]> {
  const below = `${await realpath(directory)}/`
  return (await programsBelow(below)).map(({ pid, path }) => ({
    who: `process ${pid} here`,
    build: path.slice(below.length).split('/')[0],
  }))
}
