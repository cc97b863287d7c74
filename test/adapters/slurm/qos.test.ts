import { expect, it } from 'vitest'
import { parseQos } from '../../../src/adapters/slurm/qos.ts'

it.each([
  ['ai|00:00:30|requeue', { name: 'ai', graceSeconds: 30, preemptMode: 'REQUEUE' }],
  ['ai|1-00:00:00|cluster', { name: 'ai', graceSeconds: 86_400, preemptMode: 'CLUSTER' }],
  ['ai||', { name: 'ai', graceSeconds: 0, preemptMode: '' }],
  ['ai|soon|', { name: 'ai', preemptMode: '' }],
])('reads %s', (line, qos) => {
  expect(parseQos(`${line}\n`)).toEqual([qos])
})

it('nothing is no quality', () => {
  expect(parseQos('\n')).toEqual([])
})
