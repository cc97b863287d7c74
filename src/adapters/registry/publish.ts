import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Beat, formatBeat } from '../../core/domain/beat.ts'
import { type Endpoint, formatEndpoint, replicaOf } from '../../core/domain/endpoint.ts'
import { writeAtomic } from '../system/atomic-file.ts'
import { registryDirectories } from './directories.ts'
import { requestFile } from './requests.ts'

/** Writes `endpoints/<id>.json`, whole or not at all. */
export async function publishEndpoint(shared: string, endpoint: Endpoint): Promise<void> {
  await writeAtomic(join(registryDirectories(shared).endpoints, `${endpoint.id}.json`), formatEndpoint(endpoint))
}

/** Removes an endpoint's file, and with the last one of a replica its beat and its drain request; all may be gone already. */
export async function removeEndpoint(shared: string, id: string): Promise<void> {
  const { endpoints } = registryDirectories(shared)
  await rm(join(endpoints, `${id}.json`), { force: true })
  const sisters = `${replicaOf(id)}-`
  if (!(await readdir(endpoints)).some(name => name.startsWith(sisters))) await removeReplica(shared, replicaOf(id))
}

async function removeReplica(shared: string, replica: string): Promise<void> {
  await rm(join(registryDirectories(shared).beats, `${replica}.json`), { force: true })
  await rm(requestFile(shared, replica), { force: true })
}

/**
 * Removes files of earlier runs of the same job, which stay if the directory was away at a run's end. Slurm starts a run only
 * after the one before has ended.
 */
export async function removeEarlierRuns(
  shared: string,
  run: { tier: string; jobId: string; restarts: number },
): Promise<void> {
  const { endpoints } = registryDirectories(shared)
  const prefix = `${run.tier}-${run.jobId}-`
  const replicas = new Set<string>()
  for (const name of await readdir(endpoints)) {
    const restarts = /^(\d+)-\d+\.json$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : '')?.[1]
    if (restarts === undefined || Number(restarts) >= run.restarts) continue
    await rm(join(endpoints, name), { force: true })
    replicas.add(`${prefix}${restarts}`)
  }
  for (const replica of replicas) await removeReplica(shared, replica)
}

/** Not flushed: the next one comes in seconds ("events only wake", docs/design/rules.md). */
export async function writeBeat(shared: string, replica: string, beat: Beat): Promise<void> {
  await writeAtomic(join(registryDirectories(shared).beats, `${replica}.json`), formatBeat(beat), { flush: false })
}
