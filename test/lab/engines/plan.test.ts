import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { comparePlans, openPlanBench, PLAN_CASES, type PlanBench, type Uses } from './plan-bench.ts'

let bench: PlanBench

beforeAll(async () => {
  bench = await openPlanBench()
})
afterAll(() => bench.close())

describe.each(PLAN_CASES)('a plan for $model with $context tokens, $args, on $layers', one => {
  it('agrees with what the engine says of its buffers', async () => {
    expectNear(await bench.planned(one), await bench.loaded(one))
  })

  it.runIf(existsSync('/usr/bin/llama-fit-params'))('agrees with llama-fit-params', async () => {
    expectNear(await bench.planned(one), await bench.fitted(one))
  })
})

/** Of each device weights and caches within 2 %; of all together the sum within 15 %. A mebibyte is no difference. */
function expectNear(ours: Uses, theirs: Uses): void {
  const devices = (uses: Uses) => [...uses.keys()].filter(name => name !== 'host').sort()
  expect(devices(ours)).toEqual(devices(theirs))
  const { parts, total } = comparePlans(ours, theirs)
  expect(parts.filter(one => !isNear(one, 0.02))).toEqual([])
  expect([total].filter(one => !isNear(one, 0.15))).toEqual([])
}

function isNear({ ours, theirs }: { ours: number; theirs: number }, share: number): boolean {
  return Math.abs(ours - theirs) <= Math.max(2 ** 20, share * theirs)
}
