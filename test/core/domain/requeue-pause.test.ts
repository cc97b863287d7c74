import { expect, it } from 'vitest'
import type { JobView } from '../../../src/core/domain/job-view.ts'
import { areUp, isPausedByRequeue, requeuePauseSeconds } from '../../../src/core/domain/requeue-pause.ts'

/** As squeue showed a job of the lab, a second after its requeue. */
const paused: JobView = {
  ...{ id: '1', state: 'pending', stateText: 'PENDING', reason: 'BeginTime', restarts: 1, nodeList: '', name: 'x' },
  submitTime: 1_795_949_605,
  eligibleTime: 1_795_949_611,
}

it.each<[string, Partial<JobView>, boolean]>([
  ['Slurm’s own', {}, true],
  ['Slurm’s own, reckoned a second apart', { eligibleTime: 1_795_949_610 }, true],
  ['Slurm’s own, before its Reason is there', { reason: 'None' }, true],
  ['StartTime=now+1hour', { eligibleTime: 1_795_953_219 }, false],
  ['StartTime=tomorrow', { eligibleTime: 1_796_035_000 }, false],
  ['StartTime=now+1minute', { eligibleTime: 1_795_949_666 }, false],
  ['StartTime=now+2', { eligibleTime: 1_795_949_608 }, false],
  ['--begin of a first run', { restarts: 0 }, false],
  ['scontrol hold', { reason: 'JobHeldAdmin' }, false],
  ['a hold of its owner', { reason: 'JobHeldUser' }, false],
  ['scontrol requeuehold', { reason: 'job requeued in held state' }, false],
  ['a reservation', { reason: 'Reservation' }, false],
  ['a launch that failed', { reason: 'launch failed requeued held' }, false],
  ['a job that runs', { state: 'running', reason: 'None' }, false],
])('%s is taken for the pause of a requeue: %j %s', (_, changes, isPause) => {
  expect(isPausedByRequeue({ ...paused, ...changes }, 6)).toBe(isPause)
})

it('a time that is not known is not lifted', () => {
  const { submitTime: _, ...withoutSubmit } = paused
  const { eligibleTime: __, ...withoutEligible } = paused
  expect([withoutSubmit, withoutEligible].map(job => isPausedByRequeue(job, 6))).toEqual([false, false])
})

it.each([
  [{}, 121],
  [{ credExpireSeconds: 5 }, 6],
  [{ credExpireSeconds: 5, requeueDelaySeconds: 30 }, 31],
  [{ credExpireSeconds: 5, requeueDelaySeconds: 0 }, 1],
])('%j defers for %d s', (settings, seconds) => {
  expect(requeuePauseSeconds(settings)).toBe(seconds)
})

it.each([
  [['IDLE'], true],
  [['MIXED', 'ALLOCATED', 'MIXED+COMPLETING', 'IDLE+DRAIN', 'ALLOCATED+DRAIN', 'IDLE+PLANNED', 'IDLE+CLOUD'], true],
  [['IDLE', 'DOWN'], false],
  [['DOWN+NOT_RESPONDING'], false],
  [['DOWN*'], false],
  [['IDLE*'], false],
  [['IDLE*+DRAIN'], false],
  [['IDLE+NOT_RESPONDING'], false],
  [['UNKNOWN'], false],
  [['IDLE+REBOOT_ISSUED'], false],
  [['IDLE+POWERED_DOWN'], false],
  [['IDLE+TOMORROW'], false],
  [[], undefined],
  [undefined, undefined],
])('nodes that are %j are up: %s', (states, isUp) => {
  expect(areUp(states)).toBe(isUp)
})
