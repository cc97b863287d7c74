import { join } from 'node:path'
import { readTail } from '../system/file-tail.ts'
import { registryDirectories } from './directories.ts'

/** A replica's last events are among these. */
const LAST_LINES = 20

/** How a replica that has gone was drained, by its own events; `lost` when it never said. */
export async function readDrainOutcome(shared: string, replica: string): Promise<'idle' | 'deadline' | 'lost'> {
  const tail = await readTail(join(registryDirectories(shared).events, `${replica}.jsonl`), LAST_LINES)
  for (const line of tail.split('\n').reverse()) {
    const outcome = /"event":"drained".*"outcome":"(idle|deadline)"/.exec(line)?.[1]
    if (outcome === 'idle' || outcome === 'deadline') return outcome
  }
  return 'lost'
}
