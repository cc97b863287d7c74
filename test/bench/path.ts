import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { benchFreshness } from './freshness.ts'
import { benchPreemptions } from './preemptions.ts'
import { benchSimulated } from './simulated.ts'

// The numbers of the path, measured in the lab: `npm run bench:path`. Prints as it goes, writes bench/path.json.
const { values } = parseArgs({
  options: {
    preemptions: { type: 'string', default: '20' },
    changes: { type: 'string', default: '200' },
    replicas: { type: 'string', default: '200,2000' },
    seconds: { type: 'string', default: '600' },
  },
})

const say = (line: string) => console.log(`  ${line}`)
const results: Record<string, unknown> = {}

async function measure(name: string, work: () => Promise<unknown>): Promise<void> {
  console.log(`\n== ${name}`)
  results[name] = await work()
  console.log(JSON.stringify(results[name], undefined, 2))
}

if (Number(values.preemptions) > 0) {
  await measure('preemptions', () => benchPreemptions(Number(values.preemptions), say))
}
if (Number(values.changes) > 0) {
  await measure('freshness with events', () => benchFreshness(Number(values.changes), true, say))
  await measure('freshness by scanning', () => benchFreshness(Number(values.changes), false, say))
}
for (const replicas of values.replicas.split(',').filter(text => Number(text) > 0)) {
  await measure(`${replicas} replicas`, () => benchSimulated(Number(replicas), Number(values.seconds), say))
}
const directory = join(import.meta.dirname, '../../bench')
await mkdir(directory, { recursive: true })
await writeFile(join(directory, 'path.json'), `${JSON.stringify(results, undefined, 2)}\n`)
