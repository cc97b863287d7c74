import { parseArgs } from 'node:util'
import { benchFreshness } from './freshness.ts'
import { benchPreemptions } from './preemptions.ts'
import { openResults, say } from './results.ts'
import { benchSimulated } from './simulated.ts'

// The numbers of the path, measured in the lab: `npm run bench:path`. Prints as it goes, writes bench/path.json.
const { values } = parseArgs({
  options: {
    preemptions: { type: 'string', default: '20' },
    changes: { type: 'string', default: '200' },
    freshness: { type: 'string', default: 'events,scanning' },
    replicas: { type: 'string', default: '200,2000' },
    seconds: { type: 'string', default: '600' },
  },
})

const { measure } = await openResults('path')

if (Number(values.preemptions) > 0) {
  await measure('preemptions', () => benchPreemptions(Number(values.preemptions), say))
}
if (Number(values.changes) > 0) {
  for (const by of values.freshness.split(','))
    await measure(`freshness by ${by}`, () => benchFreshness(Number(values.changes), by === 'events', say))
}
for (const replicas of values.replicas.split(',').filter(text => Number(text) > 0)) {
  await measure(`${replicas} replicas`, () => benchSimulated(Number(replicas), Number(values.seconds), say))
}
