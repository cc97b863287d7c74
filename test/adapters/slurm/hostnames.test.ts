import { expect, it } from 'vitest'
import { parseHostnames } from '../../../src/adapters/slurm/hostnames.ts'

it.each([
  ['vasp-01\nvasp-02\n', ['vasp-01', 'vasp-02']],
  ['gpu1.cluster.example\n', ['gpu1.cluster.example']],
  ['', undefined],
  ['vasp-]\n', undefined],
  ['vasp-01\n-x\n', undefined],
  ['Invalid hostlist: vasp-[01\n', undefined],
])('reads %j', (text, names) => {
  expect(parseHostnames(text)).toEqual(names)
})
