import { expect, it } from 'vitest'
import { spec } from '../support/replica-spec.ts'
import { runSluice } from '../support/run-sluice.ts'

it.each([
  ['nothing', ''],
  ['no JSON', 'run-14b'],
  ['JSON that is no spec', '{"tier":"fast"}'],
  ['a spec of another version', JSON.stringify({ ...spec, version: 999 })],
])('refuses %s on standard input in one line', async (_, input) => {
  const { code, printed, warned } = await runSluice(['supervise'], { input })
  expect({ code, printed, warned }).toEqual({ code: 2, printed: [], warned: [expect.stringMatching(/^Cannot .*spec/)] })
})

it('refuses to run outside a job', async () => {
  const { code, warned } = await runSluice(['supervise'], { input: JSON.stringify(spec) })
  expect({ code, warned }).toEqual({
    code: 2,
    warned: ['Cannot supervise: SLURM_JOB_ID and SLURMD_NODENAME are not set; submit the script with `sluice submit`'],
  })
})
