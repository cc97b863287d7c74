import { join } from 'node:path'
import { replicaOf } from '../../core/domain/endpoint.ts'
import { readTail } from '../system/file-tail.ts'
import { registryDirectories } from './directories.ts'

/** The last events of a replica, which may have eight endpoints, are among these. */
const LAST_LINES = 100

/** The drain's outcome of a gone endpoint, by its replica's events; `lost` if there is no such event. */
export async function readDrainOutcome(shared: string, id: string): Promise<'idle' | 'deadline' | 'lost'> {
  const tail = await readTail(join(registryDirectories(shared).events, `${replicaOf(id)}.jsonl`), LAST_LINES)
  for (const line of tail.split('\n').reverse()) {
    if (!line.includes(`"id":"${id}"`)) continue
    const outcome = /"event":"drained".*"outcome":"(idle|deadline)"/.exec(line)?.[1]
    if (outcome === 'idle' || outcome === 'deadline') return outcome
  }
  return 'lost'
}
