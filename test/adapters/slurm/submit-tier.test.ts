import { expect, it } from 'vitest'
import type { Submission, SubmitRequest } from '../../../src/adapters/slurm/slurm.ts'
import { prepareSubmission, sbatchLine, submitTier } from '../../../src/adapters/slurm/submit-tier.ts'
import { UserError } from '../../../src/core/domain/user-error.ts'
import { exampleConfig } from '../../support/example-site.ts'

/** Submits three jobs of the example to a Slurm that gives these answers in turn. */
async function submitThree(...answers: Submission[]) {
  const submission = await prepareSubmission(await exampleConfig(), 'fast')
  const requests: SubmitRequest[] = []
  const jobs: string[] = []
  const slurm = {
    submit: async (request: SubmitRequest) => {
      requests.push(request)
      return answers[requests.length - 1] ?? { kind: 'submitted' as const, id: `${requests.length}`, wasFound: false }
    },
  }
  const error = await submitTier(submission, slurm, {
    ...{ count: 3, submitted: job => void jobs.push(job.id), progress: () => undefined },
    signal: new AbortController().signal,
  }).then(
    () => undefined,
    caught => caught,
  )
  return { error, jobs, requests, submission }
}

it('hands Slurm the script of the tier for each job, with a comment of its own', async () => {
  const { error, jobs, requests, submission } = await submitThree()
  expect([error, jobs]).toEqual([undefined, ['1', '2', '3']])
  expect(new Set(requests.map(one => one.script))).toEqual(new Set([submission.script]))
  expect(new Set(requests.map(one => one.comment)).size).toBe(3)
  expect(sbatchLine(submission)).toEqual([
    'sbatch',
    '--parsable',
    expect.stringMatching(/^--comment=sluice:beefcake2:/),
  ])
})

const first = { kind: 'submitted', id: '1', wasFound: false } as const

it('stops at what Slurm refuses; the jobs before it stay submitted', async () => {
  const { error, jobs, requests } = await submitThree(first, { kind: 'refused', message: 'No such partition' })
  expect([jobs, requests.length]).toEqual([['1'], 2])
  expect(error).toEqual(
    new UserError('Cannot submit fast (2 of 3): No such partition; see tiers.fast.slurm in sluice.yaml'),
  )
})

it('does not try again where it is not known whether there is a job', async () => {
  const { error, jobs, requests } = await submitThree(first, { kind: 'no-answer', message: 'sbatch: timeout' })
  expect([jobs, requests.length]).toEqual([['1'], 2])
  expect(error).not.toBeInstanceOf(UserError)
  expect(error.message).toMatch(
    /^Cannot tell whether fast \(2 of 3\) was submitted: sbatch: timeout; .* comment sluice:/,
  )
})

it('names the tiers where there is no such one', async () => {
  await expect(prepareSubmission(await exampleConfig(), 'fats')).rejects.toThrow('Cannot find tier "fats"')
})
