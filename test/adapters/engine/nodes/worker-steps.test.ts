import { appendFile, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { workerSteps } from '../../../../src/adapters/engine/nodes/worker-steps.ts'

async function oneWorker() {
  const logs = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const exited = Promise.withResolvers<string>()
  const nodes = {
    names: ['n2'],
    start: async () => ({ node: 'n2', pid: 2, exited: exited.promise, end: async () => undefined }),
    connects: async () => true,
  }
  const steps = workerSteps({ nodes, logs, wants: line => line.startsWith('fact') })
  const worker = await steps.start('n2', ['worker'])
  return { steps, worker, exited, print: (text: string) => appendFile(join(logs, 'worker-n2.log'), text) }
}

it('of what a worker prints, only wanted lines are kept, and a thousand of them', async () => {
  const { worker, print } = await oneWorker()
  await print(`${'noise\n'.repeat(50_000)}fact 1\n${'noise\n'.repeat(1_000)}`)
  expect(await worker.look()).toEqual(['fact 1'])
  await print('fact of many\n'.repeat(20_000))
  expect((await worker.look()).length).toBe(1_000)
})

it('a worker that ends is reported with its last lines, however much it has printed', async () => {
  const { steps, exited, print } = await oneWorker()
  await print(`${'noise\n'.repeat(500_000)}out of memory\n`)
  exited.resolve('srun exited with code 1')
  expect((await steps.exited).split('\n').at(-1)).toBe('out of memory')
  expect((await steps.exited).startsWith('The worker on n2 ended, srun exited with code 1: noise\n')).toBe(true)
})
