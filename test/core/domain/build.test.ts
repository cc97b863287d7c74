import { describe, expect, it } from 'vitest'
import { buildName, removableBuilds } from '../../../src/core/domain/build.ts'

const [OLD, OLDER, NEW] = ['0.1.0-aaaaaaaaaaaa', '0.1.0-bbbbbbbbbbbb', '0.2.0-cccccccccccc']

it.each([
  [`/cluster/shared/sluice/${NEW}`, NEW],
  ['/home/ai/sluice/dist', '0.2.0'],
  ['/home/ai/0.2.0-rc1', '0.2.0'],
])('what lies in %s is called %s', (directory, name) => {
  expect(buildName('0.2.0', directory)).toBe(name)
})

describe('of what is installed', () => {
  const installed = [OLDER, OLD, NEW]

  it('all may go but what is current and what somebody runs', () => {
    const users = [
      { who: 'fast-1-0-0', build: OLD },
      { who: 'the updater of main', build: NEW },
      { who: 'a checkout', build: '0.1.0' },
    ]
    expect(removableBuilds(installed, NEW, users)).toEqual({
      remove: [OLDER],
      kept: new Map([
        [OLD, 'fast-1-0-0'],
        [NEW, 'current, the updater of main'],
      ]),
    })
  })

  it('nothing may go while one does not say what it runs', () => {
    const users = [
      { who: 'job 7', build: undefined },
      { who: 'fast-1-0-0', build: NEW },
    ]
    expect(removableBuilds(installed, NEW, users)).toEqual({ unsure: 'it is not known which build they run: job 7' })
  })
})
