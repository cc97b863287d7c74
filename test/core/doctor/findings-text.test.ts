import { expect, it } from 'vitest'
import { findingsText } from '../../../src/core/doctor/findings-text.ts'

it('prints the findings by group, with their codes, reasons and what to do, and counts them', () => {
  expect(
    findingsText([
      { id: 'gateway.nginx', level: 'ok', what: 'nginx 1.30.4' },
      { id: 'tier.grace.fast', level: 'problem', what: 'GraceTime is 0', why: 'Answers are cut', fix: 'ask for more' },
      { id: 'gateway.njs', level: 'note', what: 'no njs' },
      { id: 'tier.nodes.fast', level: 'unknown', what: 'nodes' },
      { id: 'tier.nodes.slow', level: 'unknown', what: 'nodes' },
      { id: 'shared.space', level: 'warning', what: '1 GiB', fix: 'make room' },
      { id: 'shared.visible', level: 'warning', what: '900 ms' },
    ]),
  ).toEqual([
    'Gateway',
    '  ok       nginx 1.30.4',
    '  note     no njs [gateway.njs]',
    '',
    'Tiers',
    '  problem  GraceTime is 0 [tier.grace.fast]',
    '           Answers are cut',
    '           → ask for more',
    '  unknown  nodes [tier.nodes.fast]',
    '  unknown  nodes [tier.nodes.slow]',
    '',
    'Shared directory',
    '  warning  1 GiB [shared.space]',
    '           → make room',
    '  warning  900 ms [shared.visible]',
    '',
    '1 problem, 2 warnings, 2 unknown, 1 note, 1 ok',
  ])
})
