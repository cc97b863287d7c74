import { expect, it } from 'vitest'
import { errorText, failuresText, slowestText, stepFailure } from '../../scripts/step-report.ts'

const RED = '\u001b[31m'
const PLAIN = '\u001b[39m'

it('a failed test is told by name, with its error, the difference and where it was thrown', () => {
  const error = errorText({
    message: `expected ${RED}1${PLAIN} to be 2`,
    diff: `${RED}- 2${PLAIN}\n${RED}+ 1${PLAIN}`,
    stack: [
      'AssertionError: expected 1 to be 2',
      '    at /sluice/test/a.test.ts:3:5',
      '    at file:///sluice/node_modules/vitest/dist/index.js:1:1',
      '    at processTicksAndRejections (node:internal/process/task_queues:104:5)',
    ].join('\n'),
  })
  expect(failuresText([{ name: 'test/a.test.ts > counts', error }])).toBe(
    [
      'FAILED test/a.test.ts > counts',
      '    expected 1 to be 2',
      '    - 2',
      '    + 1',
      '        at /sluice/test/a.test.ts:3:5',
    ].join('\n'),
  )
})

it('an error of any length takes some fifteen lines of some length', () => {
  const error = Array.from({ length: 400 }, (_, index) => `${index} ${'x'.repeat(1000)}`).join('\n')
  const lines = failuresText([{ name: 'long', error }]).split('\n')
  expect(lines.length).toBe(17)
  expect(lines.at(-1)).toBe('    … 385 more lines')
  expect(Math.max(...lines.map(line => line.length))).toBeLessThan(260)
})

it('a step that ends without a report leaves the tests that it printed as failed, and its last lines', () => {
  const output = [
    'lab: starting',
    `${RED}   ×${PLAIN} loses no request`,
    ...Array(30).fill('noise'),
    'Killed',
    '',
  ].join('\n')
  const failure = stepFailure('lab tests on sid', 'ended by SIGKILL', output)
  expect(failure.name).toBe('lab tests on sid: ended by SIGKILL')
  const lines = failuresText([failure]).split('\n')
  expect(lines[1]).toBe('       × loses no request')
  expect(lines).toContain('    Killed')
})

it('nothing is said when nothing failed', () => {
  expect(failuresText([])).toBe('')
})

it('the slowest files come first', () => {
  const files = [
    { name: 'a', ms: 900 },
    { name: 'b', ms: 30_400 },
    { name: 'c', ms: 8000 },
  ]
  expect(slowestText(files, 2)).toBe('b 30 s, c 8 s')
})
