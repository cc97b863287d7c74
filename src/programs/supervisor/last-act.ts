import type { Clock } from '../../adapters/system/clock.ts'
import type { JobAnswer } from '../../core/domain/notice.ts'
import type { SlurmEffects } from './effects.ts'

export interface LastAct {
  readonly how: 'requeue' | 'cancel'
  /** Of our run: a job that has more of them is another's. */
  readonly restarts: number
  readonly slurm: SlurmEffects
  readonly clock: Clock
  /** Aborted when there is no time left. */
  readonly over: AbortSignal
  /** Called once, when Slurm has accepted it, or is first seen to have done it. */
  taken(): void
  /** Called with each order that was not accepted. */
  refused(error: unknown): void
}

const FIRST_WAIT_MS = 200
const LONGEST_WAIT_MS = 5_000

/** Asks again and again until Slurm shows that the job is ours no more: what it accepts it may still lose. */
export async function performLastAct(act: LastAct): Promise<void> {
  const { how, slurm, clock, over } = act
  let isTaken = false
  for (let waitMs = FIRST_WAIT_MS; !over.aborted; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    const answer = await slurm.job()
    // A state that we do not know may be a running one ("unknown is not none", docs/design/rules.md).
    const isKnown = answer === 'forgotten' || (answer !== undefined && answer.state !== 'unknown')
    const isOurs = typeof answer === 'object' && answer.restarts === act.restarts && answer.state === 'running'
    if (isKnown && !isOurs) {
      if (shows(answer, act)) take()
      return
    }
    if (isOurs) await (how === 'requeue' ? slurm.requeue() : slurm.cancel()).then(take, act.refused)
    await clock.sleep(waitMs, over)
  }

  function take(): void {
    if (!isTaken && !over.aborted) act.taken()
    isTaken = true
  }
}

/** Whether the answer shows that this act was done, by whomever it was asked for. */
function shows(answer: Exclude<JobAnswer, undefined>, { how, restarts }: LastAct): boolean {
  if (answer === 'forgotten') return how === 'cancel'
  if (how === 'requeue') return answer.restarts > restarts || answer.state === 'pending'
  return answer.restarts === restarts && (answer.state === 'ending' || answer.state === 'ended')
}
