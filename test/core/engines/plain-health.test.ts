import { expect, it } from 'vitest'
import type { HttpAnswer } from '../../../src/core/domain/http-answer.ts'
import { readPlainHealth } from '../../../src/core/engines/plain-health.ts'
import { spec } from '../../support/replica-spec.ts'

const answered = (status: number, text = ''): HttpAnswer => ({ kind: 'answered', status, text })
const refused: HttpAnswer = { kind: 'refused', message: 'ECONNREFUSED' }
const broken: HttpAnswer = { kind: 'broken', message: 'other side closed' }
const well = answered(200)
const list = answered(200, '{"object":"list","data":[{"id":"a","root":"/m"},{"id":"b"}]}')

it.each<[string, HttpAnswer, HttpAnswer, object]>([
  ['nothing in time', { kind: 'timeout' }, { kind: 'timeout' }, { kind: 'silent' }],
  ['nobody listens', refused, refused, refused],
  ['it loads, or is too busy', answered(503), answered(503), { kind: 'busy', message: 'HTTP 503: ' }],
  ['its answer breaks off', broken, broken, { kind: 'erring', message: 'other side closed' }],
  ['it says that it is ill', answered(500), answered(500), { kind: 'erring', message: 'HTTP 500: ' }],
  ['its list needs a key', well, answered(401, 'no'), { kind: 'erring', message: 'HTTP 401: no' }],
  ['its list takes too long', well, { kind: 'timeout' }, { kind: 'silent' }],
  ['its list is none', well, answered(200, '{}'), { kind: 'erring', message: '/v1/models returned no list of models' }],
  ['it lists', well, list, { kind: 'ready', models: ['a', 'b'] }],
  ['it has no list', well, well, { kind: 'ready', models: ['m'] }],
])('is ready only with a good answer in time: %s', (_, health, models, judged) => {
  expect(readPlainHealth({ ...spec, model: { name: 'm', file: '/m' } }, health, models)).toEqual(judged)
})
