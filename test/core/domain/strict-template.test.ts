import { expect, it } from 'vitest'
import { renderStrictly } from '../../../src/core/domain/strict-template.ts'

it.each([
  ['{{a}} {{&a}} {{{a}}}', { a: `<&"'/>` }, `<&"'/> <&"'/> <&"'/>`],
  ['{{n}}', { n: 0 }, '0'],
  ['{{a}}', { a: '' }, ''],
  ['{{a}}', { a: '{{b}}' }, '{{b}}'],
  ['{{#on}}yes{{/on}}{{^on}}no{{/on}}', { on: false }, 'no'],
  ['{{#none}}x{{/none}}', { none: null }, ''],
  ['{{#list}}[{{.}}{{a}}]{{/list}}', { list: ['1', '2'], a: 'x' }, '[1x][2x]'],
])('renders %s', (template, view, text) => {
  expect(renderStrictly(template, view)).toBe(text)
})

it('renders partials', () => {
  expect(renderStrictly('{{>part}}!', { a: '1' }, { part: '<{{a}}>' })).toBe('<1>!')
})

it.each([
  ['{{a}}', {}, 'it names "a", and the view lacks it'],
  ['{{&a}}', {}, 'it names "a", and the view lacks it'],
  ['{{#a}}{{/a}}', {}, 'it names "a", and the view lacks it'],
  ['{{^a}}{{/a}}', {}, 'it names "a", and the view lacks it'],
  ['{{#list}}{{a}}{{/list}}', { list: [{ b: 1 }] }, 'it names "a", and the view lacks it'],
  ['{{a}}', { a: undefined }, 'it names "a", and the view lacks it'],
  ['{{a}}', { a: null }, 'it names "a", and the value is null, not text'],
  ['{{a}}', { a: true }, 'it names "a", and the value is of type boolean, not text'],
  ['{{a}}', { a: ['x'] }, 'it names "a", and the value is of type object, not text'],
  ['{{>part}}', {}, 'it names "part", and there is no such partial'],
])('refuses %s with %j', (template, view, message) => {
  expect(() => renderStrictly(template, view)).toThrow(`Cannot render a template: ${message}`)
})
