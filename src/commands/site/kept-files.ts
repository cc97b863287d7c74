import { readdir } from 'node:fs/promises'
import { registryDirectories } from '../../adapters/registry/directories.ts'
import { keptDirectory, outputName } from '../../core/job-script/job-output.ts'
import type { Site } from './open-site.ts'

/** Sorted; empty when there is no such directory: callers report missing files by name. */
export async function listNames(site: Site, directory: string): Promise<readonly string[]> {
  const names = await site.serialQueue.run(`list "${directory}"`, () =>
    readdir(directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
      throw error
    }),
  )
  return names.filter(name => !name.startsWith('.')).sort()
}

/** The numbers of the tier's jobs that have events or logs. */
export async function writtenJobs(site: Site, tier: string): Promise<string[]> {
  const name = outputName(site.config, tier)
  const printed = (await listNames(site, keptDirectory(site.config, tier))).flatMap(file => name.exec(file)?.[1] ?? [])
  const events = await listNames(site, registryDirectories(site.config.shared).events)
  return [...printed, ...events.flatMap(file => jobOfReplica(file, [tier]) ?? [])]
}

/** The job whose run wrote this events file, if it is of one of these tiers. */
export function jobOfReplica(file: string, tiers: readonly string[]): string | undefined {
  const run = runOfFile(file)
  return run !== undefined && tiers.includes(run.tier) ? run.id : undefined
}

/** The run that wrote this file of events, of whatever tier. */
export function runOfFile(
  file: string,
): { readonly tier: string; readonly id: string; readonly restarts: number } | undefined {
  const [, tier, id, restarts] = /^([a-z][a-z0-9_]*)-(\d{1,10})-(\d+)\.jsonl$/.exec(file) ?? []
  if (tier === undefined || id === undefined) return undefined
  return { tier, id, restarts: Number(restarts) }
}
