import { describe, expect, it } from 'vitest'
import type { ProcessRow } from '../../src/adapters/system/processes.ts'
import { findKin, identityOf, type Kin } from '../../src/library/kin.ts'

const row = (pid: number, parent: number, group: number, session = group, startTime = `${pid}0`): ProcessRow => ({
  ...{ pid, parent, group, session, startTime },
})
const LEADER = row(100, 50, 100)
const OTHERS = [row(1, 0, 1), row(50, 1, 50), row(60, 50, 60)]

function kin(rows: readonly ProcessRow[], known: readonly Kin[] = []): string[] {
  const map = new Map(known.map(one => [identityOf(one.process), one]))
  return findKin(LEADER, map, [...OTHERS, ...rows]).map(({ process, kinship }) => `${process.pid} ${kinship}`)
}

describe("a server's kin", () => {
  it('is its group, its session, and their children wherever they went', () => {
    const rows = [LEADER, row(101, 100, 100), row(102, 1, 102, 100), row(103, 100, 103), row(104, 103, 104)]
    expect(kin(rows)).toEqual([
      '100 its group',
      '101 its group',
      '102 its session',
      '103 a child of it',
      '104 a child of it',
    ])
  })

  it('is what was seen before, though nothing ties it to the server any more', () => {
    const before = row(103, 100, 103)
    expect(kin([{ ...before, parent: 1 }], [{ process: before, kinship: 'a child of it' }])).toEqual([
      '103 a child of it',
    ])
  })

  it('is not whoever got the pid of one of them', () => {
    const before = row(103, 100, 103)
    expect(kin([row(103, 1, 103, 103, 'later')], [{ process: before, kinship: 'a child of it' }])).toEqual([])
  })

  it("is not the group of a stranger that got the leader's pid", () => {
    expect(kin([row(100, 50, 100, 100, 'later'), row(105, 100, 100)])).toEqual([])
  })

  it('is what its group left behind', () => {
    expect(kin([row(101, 1, 100)])).toEqual(['101 its group'])
  })
})
