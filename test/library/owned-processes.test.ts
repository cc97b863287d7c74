import { describe, expect, it } from 'vitest'
import type { ProcessRow } from '../../src/adapters/system/proc-stat.ts'
import { findOwnedProcesses, identityOf, type OwnedProcess } from '../../src/library/owned-processes.ts'

const row = (pid: number, parent: number, group: number, session = group, startTime = `${pid}0`): ProcessRow => ({
  ...{ pid, parent, group, session, startTime },
})
const LEADER = row(100, 50, 100)
const OTHERS = [row(1, 0, 1), row(50, 1, 50), row(60, 50, 60)]

function owned(rows: readonly ProcessRow[], known: readonly OwnedProcess[] = []): string[] {
  const map = new Map(known.map(one => [identityOf(one.process), one]))
  return findOwnedProcesses(LEADER, map, [...OTHERS, ...rows]).map(
    ({ process, foundBy }) => `${process.pid} ${foundBy}`,
  )
}

describe("a server's own processes", () => {
  it('is its group, its session, and their children wherever they went', () => {
    const rows = [LEADER, row(101, 100, 100), row(102, 1, 102, 100), row(103, 100, 103), row(104, 103, 104)]
    expect(owned(rows)).toEqual(['100 group', '101 group', '102 session', '103 descendant', '104 descendant'])
  })

  it('is what was seen before, though nothing ties it to the server any more', () => {
    const before = row(103, 100, 103)
    expect(owned([{ ...before, parent: 1 }], [{ process: before, foundBy: 'descendant' }])).toEqual(['103 descendant'])
  })

  it('is not whoever got the pid of one of them', () => {
    const before = row(103, 100, 103)
    expect(owned([row(103, 1, 103, 103, 'later')], [{ process: before, foundBy: 'descendant' }])).toEqual([])
  })

  it("is not the group of a stranger that got the leader's pid", () => {
    expect(owned([row(100, 50, 100, 100, 'later'), row(105, 100, 100)])).toEqual([])
  })

  it('is what its group left behind', () => {
    expect(owned([row(101, 1, 100)])).toEqual(['101 group'])
  })
})
