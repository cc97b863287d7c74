import { expect, it } from 'vitest'
import { startArguments } from '../../scripts/start-arguments.ts'

it.each([
  [[], []],
  [['--once'], ['--once']],
  [['up'], []],
  [
    ['up', '--model', 'a.gguf'],
    ['--model', 'a.gguf'],
  ],
  [
    ['--model', 'up'],
    ['--model', 'up'],
  ],
])('npm start -- %j runs sluice up %j', (argv, up) => {
  expect(startArguments(argv, {})).toEqual({ up })
})

it.each([
  [['status'], {}, 'For this: ./sluice status'],
  [['drain', 'fast-1', '--requeue'], {}, 'For this: ./sluice drain fast-1 --requeue'],
  [[], { npm_config_once: 'true' }, 'npm start -- --once'],
  [['a.gguf'], { npm_config_model: 'true' }, 'npm start -- --model'],
])('npm start -- %j is refused in words that help', (argv, env, words) => {
  expect(startArguments(argv, env)).toEqual({ refusal: expect.stringContaining(words) })
})
