import type { JobView } from '../../core/domain/job-view.ts'
import type { Clock } from '../system/clock.ts'
import { readSubmission } from './failure-words.ts'
import type { CommandEnd } from './run-command.ts'
import type { Answered, NoAnswer, OrderAnswer, Submission } from './slurm.ts'

export interface SubmitEffects {
  sbatch(): Promise<CommandEnd>
  /** The jobs that carry the attempt's comment; still asked when the work was interrupted. */
  find(): Promise<Answered<readonly JobView[]> | NoAnswer>
  cancel(id: string): Promise<OrderAnswer>
  /** Of a job that another cluster has. */
  cancelElsewhere(id: string, cluster: string): Promise<OrderAnswer>
  progress(line: string): void
  readonly clock: Clock
  readonly signal: AbortSignal
}

const ATTEMPTS = 3

/** Waits between look-ups. In all longer than MessageTimeout (10 s, slurm.conf(5)): slurmctld may still be taking the job. */
const LOOK_AFTER_MS = [0, 2_000, 5_000, 10_000]

/**
 * One job, never two. Each attempt:
 * 1. sbatch names an id → submitted; with a cluster where the job is not to be found here → cancelled there, and refused
 * 2. sbatch clearly says no, or there is none → refused, not tried again
 * 3. anything else is ambiguous: look the job up by its comment, several times → found: submitted
 * 4. Slurm did not answer the last look-up, or the work was interrupted → nothing is known, not tried again
 * 5. Slurm does not have it → the next attempt
 * An order that Slurm carried out after all that shows as a second job; after a retry the younger ones are cancelled.
 */
export async function submitOnce(effects: SubmitEffects): Promise<Submission> {
  let message = ''
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const end = await effects.sbatch()
    const { id, cluster } = submittedJob(end)
    if (id !== undefined && cluster !== undefined) return onCluster(id, cluster, effects) // 1
    if (id !== undefined) return attempt === 1 ? submitted(id) : keepOldest(id, effects) // 1
    message = wordsOf(end)
    if (end.kind === 'cut' && end.neverRan === true) return { kind: 'refused', message, neverAsked: true } // 2
    if (end.kind === 'exited' && readSubmission(end.stderr) === 'refused') return { kind: 'refused', message } // 2
    effects.progress(`${message}; looking whether Slurm has the job all the same`)
    const found = await lookUp(effects)
    if (found.kind === 'no-answer') return { kind: 'no-answer', message: `${message}; ${found.message}` } // 4
    if (found.value !== undefined) return { kind: 'submitted', id: found.value, wasFound: true } // 3
    if (effects.signal.aborted) return { kind: 'no-answer', message } // 4
    if (attempt < ATTEMPTS) effects.progress(`Slurm does not have it; attempt ${attempt + 1} of ${ATTEMPTS}`) // 5
  }
  return { kind: 'no-answer', message: `${message}; tried ${ATTEMPTS} times` }
}

/** The script comes on standard input. */
export function sbatchArguments(comment: string): readonly string[] {
  return ['--parsable', `--comment=${comment}`]
}

/** `id` or `id;cluster` (sbatch(1) --parsable); a site's wrapper may print lines of its own. */
function submittedJob(end: CommandEnd): { readonly id?: string | undefined; readonly cluster?: string | undefined } {
  if (end.kind !== 'exited' || end.code !== 0) return {}
  const [, id, cluster] = /^(\d+)(?:;([\w.-]+))?$/m.exec(end.stdout) ?? []
  return { id, cluster }
}

/**
 * sbatch names a cluster when something (a cli_filter, a wrapper) chose one. It may be the one that we ask; a job of another
 * one would never be seen again: neither its state nor its end, and every try would add one.
 */
async function onCluster(id: string, cluster: string, effects: SubmitEffects): Promise<Submission> {
  const found = await lookUp(effects)
  if (found.kind === 'no-answer') return submitted(id)
  if (found.value !== undefined) return keepOldest(id, effects)
  const end = await effects.cancelElsewhere(id, cluster)
  const fate =
    end.kind === 'accepted' ? 'it was cancelled there' : `cancel it there: scancel --clusters=${cluster} ${id}`
  return {
    kind: 'refused',
    message: `sbatch gave job ${id} to cluster "${cluster}", which is not the one that is asked for jobs here; ${fate}`,
  }
}

function submitted(id: string): Submission {
  return { kind: 'submitted', id, wasFound: false }
}

function wordsOf(end: CommandEnd): string {
  if (end.kind === 'cut') return end.message
  return (
    end.stderr.trim().replaceAll(/\s*\n\s*/g, '; ') ||
    `sbatch ended with ${end.code} and printed ${JSON.stringify(end.stdout.slice(0, 80))}`
  )
}

/** The id, or undefined where Slurm answered to the end that there is no such job. */
async function lookUp(effects: SubmitEffects): Promise<Answered<string | undefined> | NoAnswer> {
  let last: Answered<string | undefined> | NoAnswer = { kind: 'no-answer', message: 'not looked up' }
  for (const waitMs of LOOK_AFTER_MS) {
    await effects.clock.sleep(waitMs, effects.signal)
    const answer = await effects.find()
    last = answer.kind === 'answered' ? { kind: 'answered', value: oldest(answer.value)[0]?.id } : answer
    if (last.kind === 'answered' && last.value !== undefined) return last
    if (effects.signal.aborted) return last
  }
  return last
}

async function keepOldest(id: string, effects: SubmitEffects): Promise<Submission> {
  const answer = await effects.find()
  if (answer.kind === 'no-answer') return submitted(id)
  const [first, ...more] = oldest(answer.value.filter(job => job.state !== 'ended'))
  for (const extra of more) {
    effects.progress(`Slurm took an earlier attempt as well; cancelling job ${extra.id}`)
    await effects.cancel(extra.id)
  }
  return submitted(first?.id ?? id)
}

function oldest(jobs: readonly JobView[]): readonly JobView[] {
  return jobs.toSorted((a, b) => Number(a.id) - Number(b.id))
}
