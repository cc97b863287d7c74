import { expect, it } from 'vitest'
import { keptDirectory, outputDirectory, outputName, outputPattern } from '../../../src/core/job-script/job-output.ts'
import { exampleConfig, withFastTier } from '../../support/example-site.ts'

it('logs lie on the node, one for each job, and are kept below the shared directory', async () => {
  const config = await exampleConfig()
  expect(outputPattern(config, 'fast')).toBe('/dev/null') // the script has its own
  expect(keptDirectory(config, 'fast')).toBe('/cluster/shared/ai/logs')
  expect(keptDirectory(await withFastTier({}, { output: '/scratch/%j.out' }), 'fast')).toBe('/scratch')
})

it.each([
  ['/scratch/ai/logs/%j.out', '/scratch/ai/logs'],
  ['/%j.out', '/'],
])('the directory of %s is %s', async (output, directory) => {
  const config = await withFastTier({}, { output })
  expect([outputPattern(config, 'fast'), outputDirectory(config, 'fast')]).toEqual([output, directory])
})

it.each([
  [undefined, 'llama-14b-4242.log', '4242'],
  [undefined, 'llama-14b-4242.log.1', undefined],
  [undefined, 'llama-72b-4242.log', undefined],
  ['/logs/%8j.%N.out', '00004242.vasp-01.out', '4242'],
  ['/logs/%A_%j.out', '4242_4242.out', '4242'],
  ['/logs/%A_%j.out', '4242_4243.out', undefined],
  ['/logs/100%%-%u+%x.log', '100%-ai+llama-14b.log', 'shared'],
])('of the logs %s, %s is that of job %s', async (output, file, job) => {
  const config = await withFastTier({}, output === undefined ? {} : { output })
  const match = outputName(config, 'fast').exec(file)
  expect(match === null ? undefined : (match[1] ?? 'shared')).toBe(job)
})
