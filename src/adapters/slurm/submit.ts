import type { JobView } from '../../core/domain/job-view.ts'
import type { Clock } from '../system/clock.ts'
import { readSubmission } from './failure-words.ts'
import type { CommandEnd } from './run-command.ts'
import type { Answered, NoAnswer, OrderAnswer, Submission } from './slurm.ts'

export interface SubmitEffects {
  sbatch(): Promise<CommandEnd>
  /** The jobs with the attempt's comment; also looked up after an interrupt. */
  find(): Promise<Answered<readonly JobView[]> | NoAnswer>
  cancel(id: string): Promise<OrderAnswer>
  /** Cancels a job on another cluster. */
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
 * 1. sbatch prints an id → submitted; if it also prints a cluster and the job is not found here → cancelled there, and refused
 * 2. sbatch clearly refuses, or there is no sbatch → refused, not tried again
 * 3. anything else is ambiguous: look the job up by its comment, several times → found: submitted
 * 4. Slurm did not answer the last look-up, or the work was interrupted → not known, not tried again
 * 5. Slurm does not have it → the next attempt
 * If Slurm carried out an earlier order later, there is a second job; after a retry the younger ones are cancelled.
 */
export async function submitOnce(effects: SubmitEffects): Promise<Submission> {
  let message = ''
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const end = await effects.sbatch()
    const { id, cluster } = submittedJob(end)
    if (id !== undefined && cluster !== undefined) return onCluster(id, cluster, effects) // 1
    if (id !== undefined) return attempt === 1 ? submitted(id) : keepOldest(id, effects) // 1
    message = messageOfEnd(end)
    if (end.kind === 'cut' && end.neverRan === true) return { kind: 'refused', message, neverAsked: true } // 2
    if (end.kind === 'exited' && readSubmission(end.stderr) === 'refused') return { kind: 'refused', message } // 2
    effects.progress(`${message}; checking whether Slurm has the job`)
    const found = await lookUp(effects)
    if (found.kind === 'no-answer') return { kind: 'no-answer', message: `${message}; ${found.message}` } // 4
    if (found.value !== undefined) return { kind: 'submitted', id: found.value, wasFound: true } // 3
    if (effects.signal.aborted) return { kind: 'no-answer', message } // 4
    if (attempt < ATTEMPTS) effects.progress(`Slurm does not have it; attempt ${attempt + 1} of ${ATTEMPTS}`) // 5
  }
  return { kind: 'no-answer', message: `${message}; tried ${ATTEMPTS} times` }
}

/** Arguments of an sbatch that reads the script from standard input. */
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
 * sbatch prints a cluster when a cli_filter or a wrapper chose one. It may be our own cluster. A job on another cluster would never
 * be seen again, and every retry would add one.
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

function messageOfEnd(end: CommandEnd): string {
  if (end.kind === 'cut') return end.message
  return (
    end.stderr.trim().replaceAll(/\s*\n\s*/g, '; ') ||
    `sbatch ended with ${end.code} and printed ${JSON.stringify(end.stdout.slice(0, 80))}`
  )
}

/** The id, or undefined if Slurm's last answer was that there is no such job. */
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
