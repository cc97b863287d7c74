import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { execa } from 'execa'
import { findMarked } from '../../src/adapters/system/processes.ts'
import { type Endpoint, replicaOf } from '../../src/core/domain/endpoint.ts'
import { asUser } from '../lab/cluster/as-user.ts'
import { MODELS_DIRECTORY } from '../lab/cluster/directories.ts'
import { cancel, preempt, showJob } from '../lab/cluster/slurm-view.ts'
import { comparePlans, openPlanBench, PLAN_CASES } from '../lab/engines/plan-bench.ts'
import { type Outcome, openAi, type Request, send, startClients } from '../lab/site/clients.ts'
import { isAlive, openSite, type Site, SLOW_MODEL } from '../lab/site/site.ts'
import { until } from '../support/until.ts'
import { openResults } from './results.ts'
import { summarize } from './statistics.ts'

// The numbers of the reasoning tier, measured in the lab: `npm run bench:rpc`. Prints as it goes, writes bench/rpc.json.
const { values } = parseArgs({
  allowNegative: true,
  options: {
    kills: { type: 'string', default: '50' },
    preemptions: { type: 'string', default: '10' },
    today: { type: 'string', default: '5' },
    plans: { type: 'boolean', default: true },
  },
})
const MODEL = 'OR1-Behemoth'
const REASONING = 'http://127.0.0.1:8081/v1'
const PATIENCE = { timeoutMs: 120_000, intervalMs: 10 }
/** After as many exits in ten minutes a replica has failed for good. */
const KILLS_PER_JOB = 5
const ANSWER_SECONDS = 10
const FILE = join(MODELS_DIRECTORY, `${SLOW_MODEL}.gguf`)

const results = await openResults('rpc')

if (Number(values.kills) > 0)
  await results.measure('worker kills', () => onSite(site => kills(site, Number(values.kills))))
if (Number(values.preemptions) > 0)
  await results.measure('preemptions of the group', () => onSite(site => preemptions(site, Number(values.preemptions))))
if (Number(values.today) > 0)
  await results.measure('preemptions in today’s practice', () => onSite(() => today(Number(values.today))))

if (values.plans) await results.measure('plans', plans)

async function onSite(work: (site: Site) => Promise<unknown>): Promise<unknown> {
  const site = await openSite({
    reasoning: {
      ...{ engine: 'llama.cpp', path: '/', gatewayPort: 8081, context: 4096 },
      model: { name: MODEL, file: FILE },
      rpc: { workers: 2, layers: [20, 22, 22] },
      args: { threads: 1, parallel: 2 },
      slurm: { jobName: 'llama-72b', partition: 'gpu_ai', nodes: 3, gpus: 1, mem: '1G' },
    },
  })
  await site.startUpdater()
  try {
    return await work(site)
  } finally {
    await site.close()
  }
}

/** What `sluice plan` says, beside what the engine says of its buffers and what llama-fit-params says, percent of these. */
async function plans() {
  const bench = await openPlanBench()
  const found = { engine: [] as Deviation[], 'llama-fit-params': [] as Deviation[] }
  for (const one of PLAN_CASES) {
    const ours = await bench.planned(one)
    const engine = deviation(comparePlans(ours, await bench.loaded(one)))
    const fitParams = deviation(comparePlans(ours, await bench.fitted(one)))
    found.engine.push(engine)
    found['llama-fit-params'].push(fitParams)
    const name = `${one.model}, ${one.context} tokens, ${one.args}${one.layers === undefined ? '' : `, on ${one.layers}`}`
    console.log(`  ${name}: beside the engine ${shown(engine)}; beside llama-fit-params ${shown(fitParams)}`)
  }
  await bench.close()
  const ranges = (all: readonly Deviation[]) => ({
    weightsAndCaches: range(all.map(one => one.parts)),
    total: range(all.map(one => one.total)),
  })
  return {
    layouts: PLAN_CASES.length,
    ofEngine: ranges(found.engine),
    ofFitParams: ranges(found['llama-fit-params']),
  }
}

/** Percent; `parts`: of weights and caches the one that is furthest off, without differences below a mebibyte. */
interface Deviation {
  readonly parts: number
  readonly total: number
}

function deviation({ parts, total }: ReturnType<typeof comparePlans>): Deviation {
  const percent = ({ ours, theirs }: typeof total) => (100 * (ours - theirs)) / theirs
  const off = parts.filter(one => Math.abs(one.ours - one.theirs) > 2 ** 20).map(percent)
  return { parts: off.toSorted((one, other) => Math.abs(other) - Math.abs(one))[0] ?? 0, total: percent(total) }
}

function shown({ parts, total }: Deviation): string {
  return `${parts.toFixed(2)} % (weights, caches), ${total.toFixed(2)} % (total)`
}

function range(values: readonly number[]): readonly [number, number] {
  const rounded = values.map(value => Number(value.toFixed(2)))
  return [Math.min(...rounded), Math.max(...rounded)]
}

/** A worker killed while answers are generated: until nobody is sent there, and until the group serves again. */
async function kills(site: Site, count: number) {
  const [withdrawn, again, firstAgain]: [number[], number[], number[]] = [[], [], []]
  const outcomes: Outcome[] = []
  let left = 0
  let jobId = ''
  for (let n = 0; n < count; n += 1) {
    if (n % KILLS_PER_JOB === 0) {
      if (jobId !== '') await endJob(jobId)
      jobId = (await site.submit('reasoning', 1))[0] ?? ''
    }
    const group = await theGroup(site)
    const load = startClients(2, [{ model: MODEL, tokens: 200, stream: true }], REASONING)
    await until('an answer', () => load.outcomes.length > 0, PATIENCE)
    const before = await processesOf(group)
    const victim = await workerOf(group, n % 2)
    const killedAt = performance.now()
    process.kill(victim, 'SIGKILL')
    await until('its withdrawal', async () => !(await site.served('reasoning')).includes(group.id), PATIENCE)
    withdrawn.push(performance.now() - killedAt)
    await until('its return', async () => (await site.served('reasoning')).includes(group.id), PATIENCE)
    const ms = performance.now() - killedAt
    again.push(ms)
    if (n % KILLS_PER_JOB === 0) firstAgain.push(ms)
    left += before.filter(isAlive).length
    outcomes.push(...(await load.stop()))
    console.log(
      `  ${n + 1}/${count}: withdrawn after ${Math.round(withdrawn.at(-1) ?? 0)} ms, again after ${Math.round(ms)} ms`,
    )
  }
  await endJob(jobId)
  return {
    kills: count,
    killToWithdrawn: summarize(withdrawn),
    // After 1, 2, 4, 8 and 16 s of rest, by rule; the first of each job alone:
    killToServing: summarize(again),
    firstKillToServing: summarize(firstAgain),
    processesLeft: left,
    answersBegun: outcomes.filter(one => one.begun).length,
    answersBroken: outcomes.filter(one => one.lost !== undefined && one.begun).length,
    brokenThatEndedAsIfWhole: outcomes.filter(one => /^\d+ of \d+ tokens$/.test(one.lost ?? '')).length,
  }
}

/** One of its nodes taken by its owner, an answer of ten seconds in flight at any time. */
async function preemptions(site: Site, count: number) {
  await site.submit('reasoning', 1)
  const noticeToHandedOver: number[] = []
  let longAnswer: Request | undefined
  const outcomes: Outcome[] = []
  for (let n = 0; n < count; n += 1) {
    const group = await theGroup(site)
    longAnswer ??= await answerOfTenSeconds(openAi(REASONING))
    const load = startClients(1, [longAnswer], REASONING)
    await until('an answer', () => load.outcomes.length > 0, PATIENCE)
    const preemptor = await preempt(`vasp-0${1 + (n % 3)}`)
    await until(
      'the notice',
      async () => !['', 'None'].includes((await showJob(group.job.id))['PreemptTime'] ?? ''),
      PATIENCE,
    )
    const noticeAt = performance.now()
    const stopped = load.stop()
    await until('the preemptor to run', async () => (await showJob(preemptor))['JobState'] === 'RUNNING', PATIENCE)
    noticeToHandedOver.push(performance.now() - noticeAt)
    outcomes.push(...(await stopped))
    const events = await site.events(replicaOf(group.id))
    await cancel(preemptor)
    const how = events.find(one => one.event === 'drained')?.['outcome']
    console.log(`  ${n + 1}/${count}: ${how}, handed over after ${Math.round(noticeToHandedOver.at(-1) ?? 0)} ms`)
  }
  return {
    preemptions: count,
    answers: outcomes.length,
    lost: outcomes.filter(one => one.lost !== undefined).length,
    lostWhy: outcomes.flatMap(one => one.lost ?? []),
    answersTake: summarize(outcomes.map(one => one.endedAt - one.startedAt)),
    noticeToPreemptorRunning: summarize(noticeToHandedOver),
  }
}

/** By what this machine makes of a hundred tokens now. */
async function answerOfTenSeconds(client: ReturnType<typeof openAi>): Promise<Request> {
  const { startedAt, endedAt } = await send({ model: MODEL, tokens: 100, stream: true }, client)
  return { model: MODEL, tokens: Math.round((100 * ANSWER_SECONDS * 1_000) / (endedAt - startedAt)), stream: true }
}

/** The same with a job script as people write it: workers in the background, the head in the foreground. */
async function today(count: number) {
  const head = '10.77.0.11'
  const script = `#!/bin/bash
#SBATCH --partition=gpu_ai --nodes=3 --gpus-per-node=1 --mem=1G --requeue --output=/dev/null
worker=$(echo /usr/libexec/*/llama/bin/ggml-rpc-server)
for node in vasp-02 vasp-03; do
  srun --overlap -N1 -n1 -w $node "$worker" -H 0.0.0.0 -p 50052 &
done
sleep 2
llama-server --host ${head} --port 8090 -m ${FILE} -c 4096 -np 2 --threads 1 --rpc 10.77.0.12:50052,10.77.0.13:50052
`
  const outcomes: Outcome[] = []
  for (let n = 0; n < count; n += 1) {
    const { stdout } = await asUser('ai', ['sbatch', '--parsable'], { input: script })
    const jobId = String(stdout).trim()
    const health = async () => (await fetch(`http://${head}:8090/health`)).status === 200
    await until('the head', health, PATIENCE)
    const client = openAi(`http://${head}:8090/v1`)
    const longAnswer = await answerOfTenSeconds(client)
    const answer = send(longAnswer, client)
    const preemptor = await preempt('vasp-03')
    await until('the preemptor to run', async () => (await showJob(preemptor))['JobState'] === 'RUNNING', PATIENCE)
    const outcome = await answer
    outcomes.push(outcome)
    console.log(`  ${n + 1}/${count}: ${outcome.lost ?? 'whole'}`)
    await endJob(jobId)
    await cancel(preemptor)
  }
  const lost = outcomes.filter(one => one.lost !== undefined)
  return {
    preemptions: count,
    answers: outcomes.length,
    lost: lost.length,
    lostWhy: [...new Set(lost.map(one => one.lost))],
  }
}

async function theGroup(site: Site): Promise<Endpoint> {
  const [group] = await site.serving(1, 'reasoning')
  if (group === undefined) throw new Error('Cannot find the group: it does not serve')
  return group
}

async function processesOf({ id, job }: Endpoint): Promise<number[]> {
  const markers = [`SLUICE_ENDPOINT=${id}`, `SLUICE_WORKER=${job.id}-${job.restarts}`]
  return (await Promise.all(markers.map(findMarked))).flat().map(one => one.pid)
}

/** The program of the first or the second worker. */
async function workerOf(group: Endpoint, index: number): Promise<number> {
  for (const pid of await processesOf(group)) {
    const argv = (await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')).split('\0')
    if (argv[0]?.endsWith('ggml-rpc-server') === true && argv.includes(`10.77.0.${12 + index}`)) return pid
  }
  throw new Error(`Cannot find worker ${index} of ${group.id}`)
}

async function endJob(jobId: string): Promise<void> {
  await cancel(jobId)
  const queue = async () => (await execa('squeue', ['-h', `--jobs=${jobId}`], { reject: false })).stdout === ''
  await until('the end of the job', queue, PATIENCE)
}
