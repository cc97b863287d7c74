import { expect, it } from 'vitest'
import { FRESH_LEASE, renewLease } from '../../../src/core/domain/lease.ts'

it('counts only the time that was watched', () => {
  let lease = renewLease(FRESH_LEASE, 1, 0, 3_000)
  expect(lease).toEqual({ beat: 1, stillMs: 0 })
  lease = renewLease(lease, 1, 1_000, 3_000)
  expect(lease.stillMs).toBe(1_000)
  lease = renewLease(lease, 1, 60_000, 3_000) // the filesystem, or this process, stood still for a minute
  expect(lease.stillMs).toBe(1_000)
  lease = renewLease(lease, undefined, 1_000, 3_000) // a beat that cannot be read stands still
  expect(lease).toEqual({ beat: 1, stillMs: 2_000 })
  expect(renewLease(lease, 2, 1_000, 3_000)).toEqual({ beat: 2, stillMs: 0 })
})
