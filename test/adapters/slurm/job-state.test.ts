import { expect, it } from 'vitest'
import { toJobState } from '../../../src/adapters/slurm/job-state.ts'

it.each([
  ['PENDING', 'pending'],
  ['REQUEUED', 'pending'],
  ['REQUEUE_HOLD', 'pending'],
  ['SPECIAL_EXIT', 'pending'],
  ['RUNNING', 'running'],
  ['SIGNALING', 'running'],
  ['COMPLETING', 'ending'],
  ['STAGE_OUT', 'ending'],
  ['COMPLETED', 'ended'],
  ['CANCELLED', 'ended'],
  ['FAILED', 'ended'],
  ['TIMEOUT', 'ended'],
  ['NODE_FAIL', 'ended'],
  ['PREEMPTED', 'ended'],
  ['BOOT_FAIL', 'ended'],
  ['DEADLINE', 'ended'],
  ['OUT_OF_MEMORY', 'ended'],
])('%s is %s', (word, state) => {
  expect(toJobState(word)).toBe(state)
})

it.each([
  'CONFIGURING',
  'RESIZING',
  'STOPPED',
  'SUSPENDED',
  'REVOKED',
  'EXPEDITING',
  'REQUEUE_FED',
  '?',
  '',
  'running',
])('"%s" hides the base state or is not known, so it is unknown and never dead', word => {
  expect(toJobState(word)).toBe('unknown')
})
