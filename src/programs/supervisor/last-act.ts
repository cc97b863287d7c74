import type { Clock } from '../../adapters/system/clock.ts'
import type { JobAnswer } from '../../core/domain/notice.ts'
import type { SlurmEffects } from './effects.ts'

export interface LastAct {
  readonly how: 'requeue' | 'cancel'
  /** The restart count of our run; a higher one belongs to a later run. */
  readonly restarts: number
  readonly slurm: SlurmEffects
  readonly clock: Clock
  /** Aborted when the time is over. */
  readonly over: AbortSignal
  /** Called once, when Slurm has accepted the order, or first shows its result. */
  taken(): void
  /** Called for each order that was not accepted. */
  refused(error: unknown): void
}

const FIRST_WAIT_MS = 200
const LONGEST_WAIT_MS = 5_000

/** Repeats the order until Slurm shows that the job is no longer ours, because Slurm may lose an accepted order. */
export async function performLastAct(act: LastAct): Promise<void> {
  const { how, slurm, clock, over } = act
  let isTaken = false
  for (let waitMs = FIRST_WAIT_MS; !over.aborted; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    const answer = await slurm.job()
    // An unknown state may mean running ("unknown is not none", docs/design/rules.md).
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

/** Whether the answer shows that this act was done, also on another's order. */
function shows(answer: Exclude<JobAnswer, undefined>, { how, restarts }: LastAct): boolean {
  if (answer === 'forgotten') return how === 'cancel'
  if (how === 'requeue') return answer.restarts > restarts || answer.state === 'pending'
  return answer.restarts === restarts && (answer.state === 'ending' || answer.state === 'ended')
}
