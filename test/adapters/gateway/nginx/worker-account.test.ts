import { expect, it } from 'vitest'
import { canRunAs } from '../../../../src/adapters/gateway/nginx/worker-account.ts'

const ALL = '000001ffffffffff'
const WITHOUT_PTRACE = '00000000a80425fb' // what Docker gives
const WHOLE = '         0          0 4294967295\n'
const nobody = { uid: 65_534, gid: 65_534 }

it.each([
  ['has every power', ALL, WHOLE, WHOLE, true],
  ['may not look into the processes of others', WITHOUT_PTRACE, WHOLE, WHOLE, false],
  ['is root of itself alone', ALL, '         0       1000          1\n', WHOLE, false],
  ['has no such group', ALL, WHOLE, '0 1000 1\n1 100000 65533\n', false],
  ['has 65 535 accounts below it', ALL, '0 1000 1\n1 100000 65535\n', '0 1000 1\n1 100000 65535\n', true],
])('a root that %s', (_, capabilities, uidMap, gidMap, expected) => {
  const status = `Name:\tnode\nCapPrm:\t0000000000000000\nCapEff:\t${capabilities}\nCapBnd:\t${ALL}\n`
  expect(canRunAs(nobody, { status, uidMap, gidMap })).toBe(expected)
})
