import { expect, it } from 'vitest'
import { parseProcStat } from '../../../src/adapters/system/proc-stat.ts'

const REST = '1 40 41 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2'

it('counts the fields after the command, which may hold anything', () => {
  expect(parseProcStat(42, `42 (a) S 9 (b) S ${REST}`)).toEqual({
    ...{ pid: 42, startTime: '98765', parent: 1, group: 40, session: 41 },
  })
})

it.each(['Z', 'X'])('a process in state %s has ended', state => {
  expect(parseProcStat(42, `42 (a) ${state} ${REST}`)).toBeUndefined()
})
