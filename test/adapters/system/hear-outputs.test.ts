import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import { hearOutputs } from '../../../src/adapters/system/hear-outputs.ts'

/** Whether a command is ended when whoever reads its standard output goes. */
function isEnded(command: string, output?: string): boolean {
  const stdout = new EventEmitter()
  let ended = false
  hearOutputs(stdout, new EventEmitter(), () => {
    ended = true
  }).begins(command, output)
  stdout.emit('error', Object.assign(new Error('EPIPE'), { code: 'EPIPE' }))
  return ended
}

it.each([
  ['one that only shows', 'status', undefined, true],
  ['one that changes something', 'stop', undefined, false],
  ['one that shows scripts', 'render', undefined, true],
  ['one that writes scripts', 'render', 'jobs', false],
] as const)('a reader that goes ends %s: %s %s, %s', (_, command, output, ends) => {
  expect(isEnded(command, output)).toBe(ends)
})
