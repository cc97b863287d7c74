import { expect, it } from 'vitest'
import { parseNodeAddress } from '../../../src/adapters/slurm/node-address.ts'

const line = (name: string, rest: string) => `NodeName=${name} Arch=x86_64 CoresPerSocket=1 ${rest}State=IDLE \n`

it.each([
  [line('gpu01', 'NodeAddr=10.1.0.1 NodeHostName=gpu01 '), '10.1.0.1'],
  [line('gpu01', 'NodeAddr=gpu01-ib NodeHostName=gpu01 '), 'gpu01-ib'],
  [line('gpu01', ''), undefined],
  [line('gpu010', 'NodeAddr=10.1.0.10 ') + line('gpu01', 'NodeAddr=10.1.0.1 '), '10.1.0.1'],
  ['Node gpu01 not found\n', undefined],
])('of %j', (text, address) => {
  expect(parseNodeAddress(text, 'gpu01')).toBe(address)
})
