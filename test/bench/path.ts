import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { benchFreshness } from './freshness.ts'
import { benchPreemptions } from './preemptions.ts'
import { benchSimulated } from './simulated.ts'

// The numbers of the path, measured in the lab: `npm run bench:path`. Prints as it goes, writes bench/path.json; what is left
// out stays there as it was measured before.
const { values } = parseArgs({
  options: {
    preemptions: { type: 'string', default: '20' },
    changes: { type: 'string', default: '200' },
    freshness: { type: 'string', default: 'events,scanning' },
    replicas: { type: 'string', default: '200,2000' },
    seconds: { type: 'string', default: '600' },
  },
})

const say = (line: string) => console.log(`  ${line}`)
const directory = join(import.meta.dirname, '../../bench')
const file = join(directory, 'path.json')
const results: Record<string, unknown> = JSON.parse(await readFile(file, 'utf8').catch(() => '{}'))

async function measure(name: string, work: () => Promise<unknown>): Promise<void> {
  console.log(`\n== ${name}`)
  results[name] = await work()
  console.log(JSON.stringify(results[name], undefined, 2))
  await mkdir(directory, { recursive: true })
  await writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`)
}

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
