import { expect, it } from 'vitest'
import type { CommandEnd } from '../../../src/adapters/slurm/run-command.ts'
import { submitOnce } from '../../../src/adapters/slurm/submit.ts'
import type { JobState, JobView } from '../../../src/core/domain/job-view.ts'

const names = (id: string): CommandEnd => exited(0, `${id}\n`)
const exited = (code: number, stdout = '', stderr = ''): CommandEnd => ({ kind: 'exited', code, stdout, stderr })
const timedOut: CommandEnd = { kind: 'cut', message: 'Cannot run sbatch: no answer within 60 s' }
const socket = exited(1, '', 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation')
const lost = 'lost'

const job = (id: string, state: JobState = 'pending'): JobView => ({
  id,
  state,
  stateText: state.toUpperCase(),
  reason: 'None',
  restarts: 0,
  nodeList: '',
  name: 'llama-14b',
})

/** What sbatch and the look-ups say, in turn; the last one stays. What was done is in `did`. */
async function run(
  ends: readonly CommandEnd[],
  finds: readonly (readonly JobView[] | typeof lost)[],
  interruptAt = '',
) {
  const did: string[] = []
  const abort = new AbortController()
  const turn = <T>(values: readonly T[], name: string): T => {
    did.push(name)
    if (name === interruptAt) abort.abort()
    const count = did.filter(one => one === name).length
    return values[Math.min(count, values.length) - 1] as T
  }
  const submission = await submitOnce({
    sbatch: async () => turn(ends, 'sbatch'),
    find: async () => {
      const found = turn(finds, 'find')
      return found === lost ? { kind: 'no-answer', message: 'squeue is silent' } : { kind: 'answered', value: found }
    },
    cancel: async id => {
      did.push(`cancel ${id}`)
      return { kind: 'accepted' }
    },
    cancelElsewhere: async (id, cluster) => {
      did.push(`cancel ${id} of ${cluster}`)
      return { kind: 'accepted' }
    },
    progress: () => undefined,
    clock: {
      now: () => 0,
      date: () => new Date(0),
      sleep: async ms => {
        if (ms > 0) did.push(`wait ${ms}`)
      },
    },
    signal: abort.signal,
  })
  return { submission, did }
}

const SEARCH = ['find', 'wait 2000', 'find', 'wait 5000', 'find', 'wait 10000', 'find']

it.each(['4242\n', 'Welcome to the cluster\n4242\n'])('%j names the job', async stdout => {
  expect(await run([exited(0, stdout)], [])).toEqual({
    submission: { kind: 'submitted', id: '4242', wasFound: false },
    did: ['sbatch'],
  })
})

it('a job of a named cluster is submitted when it is found where jobs are looked for', async () => {
  expect((await run([exited(0, '4242;lab\n')], [[job('4242')]])).submission).toEqual({
    kind: 'submitted',
    id: '4242',
    wasFound: false,
  })
})

it('a job that another cluster got is cancelled there and refused, as nobody here would see it again', async () => {
  expect(await run([exited(0, '4242;far\n')], [[]])).toEqual({
    submission: {
      kind: 'refused',
      message:
        'sbatch gave job 4242 to cluster "far", which is not the one that is asked for jobs here; it was cancelled there',
    },
    did: ['sbatch', ...SEARCH, 'cancel 4242 of far'],
  })
})

it('what sbatch refuses before it asks Slurm is known at once', async () => {
  const words = 'sbatch: fatal: --gpus-per-node and --gres=gpu are mutually exclusive'
  expect(await run([exited(1, '', words)], [])).toEqual({
    submission: { kind: 'refused', message: words },
    did: ['sbatch'],
  })
})

it('where there is no sbatch nothing was submitted, and nobody is asked', async () => {
  const message = 'Cannot run sbatch: it is not on PATH'
  expect(await run([{ kind: 'cut', message, neverRan: true }], [])).toEqual({
    submission: { kind: 'refused', message, neverAsked: true },
    did: ['sbatch'],
  })
})

it('a refusal is in the words of Slurm, on one line, and is not tried again', async () => {
  const words =
    'sbatch: error: invalid partition specified: nope\nsbatch: error: Batch job submission failed: Invalid partition name specified\n'
  expect(await run([exited(1, '', words)], [])).toEqual({
    submission: {
      kind: 'refused',
      message:
        'sbatch: error: invalid partition specified: nope; sbatch: error: Batch job submission failed: Invalid partition name specified',
    },
    did: ['sbatch'],
  })
})

it.each([
  ['sbatch timed out', timedOut],
  ['the socket timed out', socket],
  ['sbatch failed without a word', exited(255)],
  ['sbatch named no id', exited(0, 'Submitted, thank you\n')],
])('when %s, a job that Slurm has all the same is found and not submitted again', async (_, end) => {
  expect(await run([end], [[], [job('4242')]])).toEqual({
    submission: { kind: 'submitted', id: '4242', wasFound: true },
    did: ['sbatch', 'find', 'wait 2000', 'find'],
  })
})

it('a job that has ended already counts as submitted', async () => {
  expect((await run([timedOut], [[job('4242', 'ended')]])).submission).toEqual({
    kind: 'submitted',
    id: '4242',
    wasFound: true,
  })
})

it('submits again only after Slurm has said for 17 s that it does not have the job', async () => {
  expect(await run([socket, names('4243')], [[], [], [], [], [job('4243')]])).toEqual({
    submission: { kind: 'submitted', id: '4243', wasFound: false },
    did: ['sbatch', ...SEARCH, 'sbatch', 'find'],
  })
})

it('cancels the younger one when the first attempt turns up after the second', async () => {
  expect(await run([socket, names('4243')], [[], [], [], [], [job('4243'), job('4242', 'running')]])).toEqual({
    submission: { kind: 'submitted', id: '4242', wasFound: false },
    did: ['sbatch', ...SEARCH, 'sbatch', 'find', 'cancel 4243'],
  })
})

it('does not submit again while Slurm is silent', async () => {
  expect(await run([timedOut], [[], [], [], lost])).toEqual({
    submission: { kind: 'no-answer', message: 'Cannot run sbatch: no answer within 60 s; squeue is silent' },
    did: ['sbatch', ...SEARCH],
  })
})

it('a silence in between is no harm when Slurm speaks in the end', async () => {
  expect((await run([timedOut, names('4242')], [lost, lost, lost, []])).did).toEqual([
    'sbatch',
    ...SEARCH,
    'sbatch',
    'find',
  ])
})

it('gives up after three attempts', async () => {
  const { submission, did } = await run([exited(1, '', 'Unspecified error')], [[]])
  expect(submission).toEqual({ kind: 'no-answer', message: 'Unspecified error; tried 3 times' })
  expect(did).toEqual(['sbatch', ...SEARCH, 'sbatch', ...SEARCH, 'sbatch', ...SEARCH])
})

it('looks once when it was interrupted, and does not submit again', async () => {
  expect(await run([timedOut], [[]], 'sbatch')).toEqual({
    submission: { kind: 'no-answer', message: 'Cannot run sbatch: no answer within 60 s' },
    did: ['sbatch', 'find'],
  })
})

it('names the job that an interrupted sbatch left', async () => {
  expect((await run([timedOut], [[job('4242')]], 'sbatch')).submission).toEqual({
    kind: 'submitted',
    id: '4242',
    wasFound: true,
  })
})
