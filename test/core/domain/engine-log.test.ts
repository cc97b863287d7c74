import { expect, it } from 'vitest'
import { isLogOfRun, keptLogName, START_LINE, sinceLastStart } from '../../../src/core/domain/engine-log.ts'

it.each([
  [['a', START_LINE, 'b', START_LINE, 'c'], ['c']],
  [['a', START_LINE], []],
  [
    ['a', 'b'],
    ['a', 'b'],
  ],
])('%s', (lines, last) => {
  expect(sinceLastStart(lines)).toEqual(last)
})

it('the logs that are kept of a run are told from those of another by their names', () => {
  const kept = [
    keptLogName('engine', 1),
    keptLogName('worker-n1', 1),
    keptLogName('engine', 11),
    keptLogName('engine-1', 0),
  ]
  expect(kept).toEqual(['engine-1.log', 'worker-n1-1.log', 'engine-11.log', 'engine-1-0.log'])
  expect(kept.filter(file => isLogOfRun(file, 1))).toEqual(['engine-1.log', 'worker-n1-1.log'])
})
