import { describe, expect, it } from 'vitest'
import type { JobView } from '../../../src/core/domain/job-view.ts'
import { type JobAnswer, judgeNotice, type NoticeVerdict } from '../../../src/core/domain/notice.ts'

const running: JobView = {
  id: '7',
  state: 'running',
  stateText: 'RUNNING',
  reason: 'None',
  restarts: 1,
  nodeList: 'vasp-01',
  name: 'llama',
  remainingSeconds: 100_000,
}
const fenced: NoticeVerdict = { kind: 'leave', cause: 'requeued', requeue: false }

describe('judgeNotice', () => {
  it.each<[string, JobAnswer, NoticeVerdict]>([
    ['no answer is not an answer', undefined, { kind: 'unknown' }],
    ['a state that we do not know is not an answer', { ...running, state: 'unknown' }, { kind: 'unknown' }],
    ['a lower restart count is an old answer', { ...running, restarts: 0 }, { kind: 'unknown' }],
    ['pending with our restart count is from before we started', { ...running, state: 'pending' }, { kind: 'unknown' }],
    ['a forgotten job is nobody to speak for', 'forgotten', fenced],
    ['a higher restart count fences us', { ...running, restarts: 2 }, fenced],
    ['a higher restart count fences us while the requeue waits', { ...running, restarts: 2, state: 'pending' }, fenced],
    [
      'PreemptTime is a preemption, and EndTime − PreemptTime its grace',
      { ...running, preemptTime: 1_000, endTime: 1_020 },
      { kind: 'leave', cause: 'preempted', requeue: true, secondsLeft: 20 },
    ],
    [
      'PreemptTime without an end leaves KillWait',
      { ...running, preemptTime: 1_000 },
      { kind: 'leave', cause: 'preempted', requeue: true },
    ],
    [
      'the walltime is near within the lead and a minute',
      { ...running, remainingSeconds: 180 },
      { kind: 'leave', cause: 'walltime', requeue: true, secondsLeft: 180 },
    ],
    ['the walltime is not near before that', { ...running, remainingSeconds: 181 }, { kind: 'stay' }],
    ['a running job far from its end is a false alarm', running, { kind: 'stay' }],
    [
      'cancelled',
      { ...running, state: 'ended', stateText: 'CANCELLED' },
      { kind: 'leave', cause: 'cancelled', requeue: false },
    ],
    [
      'over its limit',
      { ...running, state: 'ending', reason: 'TimeLimit' },
      { kind: 'leave', cause: 'walltime', requeue: false },
    ],
  ])('%s', (_, job, verdict) => {
    expect(judgeNotice(job, { restarts: 1, signalLeadSeconds: 120 })).toEqual(verdict)
  })

  it('does not leave at once for a walltime that is short from the start: that would be for ever', () => {
    const begun = { restarts: 1, signalLeadSeconds: 120, hasJustBegun: true }
    expect(judgeNotice({ ...running, remainingSeconds: 180 }, begun)).toEqual({ kind: 'stay' })
    expect(judgeNotice({ ...running, remainingSeconds: 120 }, begun)).toMatchObject({
      kind: 'leave',
      cause: 'walltime',
    })
  })
})
