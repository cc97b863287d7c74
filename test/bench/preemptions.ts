import { readFile } from 'node:fs/promises'
import { cancel, preempt, showJob } from '../lab/cluster/slurm-view.ts'
import { startClients } from '../lab/site/clients.ts'
import { FAST_MODEL, openSite, SLOW_MODEL } from '../lab/site/site.ts'
import { until } from '../support/until.ts'
import { summarize } from './statistics.ts'

const ACCESS_LOG = '/home/ai/.local/state/sluice/beefcake2/main/logs/access.log'
const PATIENCE = { timeoutMs: 120_000, intervalMs: 20 }

/**
 * Two fast replicas, eight clients streaming, each replica preempted in turn; the script waits for the return before the
 * next. Lost: not 2xx, reset, or a stream without its end, without the client retrying.
 */
export async function benchPreemptions(count: number, report: (line: string) => void) {
  const site = await openSite()
  await site.startUpdater()
  await site.submit('fast', 2)
  await site.serving(2)
  const load = startClients(8, [
    { model: SLOW_MODEL, tokens: 60, stream: true },
    { model: FAST_MODEL, tokens: 400, stream: true },
    { model: FAST_MODEL, tokens: 20, stream: false },
  ])
  await until('the clients to be under way', () => load.outcomes.length >= 30, PATIENCE)

  const noticeToLastAnswer: number[] = []
  const lastAnswerToRunning: number[] = []
  const back: number[] = []
  for (let n = 0; n < count; n += 1) {
    const [leaving] = (await site.serving(2)).sort((one, other) => one.job.restarts - other.job.restarts)
    if (leaving === undefined) throw new Error('Cannot preempt: nobody serves')
    const replica = `fast-${leaving.job.id}-${leaving.job.restarts}`
    const preemptor = await preempt(leaving.job.node)
    const job = await until('the preemptor to run', () => showJob(preemptor), {
      ...PATIENCE,
      holds: seen => seen['JobState'] === 'RUNNING',
    })
    const runningAt = Date.now()
    const events = await site.events(replica)
    const at = (event: string) => Date.parse(events.find(one => one.event === event)?.at ?? '')
    const drained = events.find(one => one.event === 'drained')
    // The engine is stopped a second after its last request: that second is the drain's own.
    noticeToLastAnswer.push(at('drained') - 1_000 - at('ear ended'))
    lastAnswerToRunning.push(runningAt - (at('drained') - 1_000))
    await cancel(preemptor)
    await site.serving(2)
    back.push(Date.now() - runningAt)
    report(`${n + 1}/${count}: ${replica} ${drained?.['outcome']}, preemptor ${job['JobId']} on ${leaving.job.node}`)
  }
  const outcomes = await load.stop()
  const log = await readFile(ACCESS_LOG, 'utf8')
  await site.close()
  const lost = outcomes.filter(one => one.lost !== undefined)
  return {
    preemptions: count,
    requests: outcomes.length,
    lost: lost.length,
    lostWhy: lost.map(one => one.lost),
    // More than one upstream in one request: a stopped engine refused it, and nginx took it elsewhere.
    refusedAndRetried: log.split('\n').filter(line => /"upstream":"[^"]*[,:] /.test(line)).length,
    answers: summarize(outcomes.map(one => one.endedAt - one.startedAt)),
    noticeToLastAnswer: summarize(noticeToLastAnswer),
    lastAnswerToPreemptorRunning: summarize(lastAnswerToRunning),
    preemptorRunningToServedByTwoAgain: summarize(back),
  }
}
