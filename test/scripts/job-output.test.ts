import { expect, test } from 'vitest'
import { outputDirectory, outputPattern } from '../../src/scripts/job-output.ts'
import { exampleConfig, withFastTier } from './example-site.ts'

test('logs lie below the shared directory, one for each job', async () => {
  const config = await exampleConfig()
  expect(outputPattern(config, 'fast')).toBe('/cluster/shared/ai/logs/%x-%j.log')
  expect(outputDirectory(config, 'fast')).toBe('/cluster/shared/ai/logs')
})

test.each([
  ['/scratch/ai/logs/%j.out', '/scratch/ai/logs'],
  ['/%j.out', '/'],
])('the directory of %s is %s', async (output, directory) => {
  const config = await withFastTier({}, { output })
  expect([outputPattern(config, 'fast'), outputDirectory(config, 'fast')]).toEqual([output, directory])
})

test('a directory that depends on the job is refused: nobody could make it in time', async () => {
  const config = await withFastTier({}, { output: '/logs/%j/out.log' })
  expect(() => outputDirectory(config, 'fast')).toThrow(
    'Cannot make the output directory of fast: "/logs/%j" depends on the job; let % stand in the file name of slurm.output only',
  )
})
