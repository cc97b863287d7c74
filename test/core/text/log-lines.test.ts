import { expect, it } from 'vitest'
import { inOrder, readableLines } from '../../../src/core/text/log-lines.ts'

const event = (minute: number, name: string, detail: object = {}) =>
  JSON.stringify({ at: `2026-01-31T12:0${minute}:00.123Z`, event: name, ...detail })

it('puts the lines of several files into the order of time, and leaves each file in its own', () => {
  const parts = [
    { label: 'fast-7-0', lines: [event(1, 'ready'), 'a torn line', event(4, 'draining')], writtenAt: 0 },
    { label: '7/engine-0.log', lines: ['loading', 'killed'], writtenAt: Date.parse('2026-01-31T12:03:00Z') },
    { label: 'updater-main', lines: [event(2, 'standing'), event(0, 'clock went back')], writtenAt: 0 },
  ]
  expect(inOrder(parts).map(({ label, text }) => `${label} ${/"event":"([^"]+)/.exec(text)?.[1] ?? text}`)).toEqual([
    'fast-7-0 ready',
    'fast-7-0 a torn line',
    'updater-main standing',
    'updater-main clock went back',
    '7/engine-0.log loading',
    '7/engine-0.log killed',
    'fast-7-0 draining',
  ])
})

it.each([
  [event(1, 'ready', { models: 1 }), ['2026-01-31T12:01:00Z ready (models 1)']],
  [
    event(1, 'engine exited', { id: 'fast-7-0-0', exits: 2, heldBy: ['main'], message: 'Killed:\n"x" \u001b[31mred' }),
    [
      '2026-01-31T12:01:00Z engine exited (id fast-7-0-0, exits 2, heldBy main): Killed:',
      '    "x" \u001b[31mred', // sequences go where it is printed
    ],
  ],
  [event(1, 'draining', { cause: null, stragglers: [] }), ['2026-01-31T12:01:00Z draining']],
  [event(1, 'standing', { id: 'fast-7-0-0', standing: 'Routed' }), ['2026-01-31T12:01:00Z fast-7-0-0: Routed']],
  ['{"at":"torn', ['{"at":"torn']],
  ['srv  listening', ['srv  listening']],
])('%s is read by people', (line, lines) => {
  expect(readableLines(line)).toEqual(lines)
})
