import { describe, expect, it } from 'vitest'
import { digitsOf, groupByKey } from '../../../../src/adapters/gateway/render/key-groups.ts'

const server = (id: string, key?: string) => ({
  id,
  address: '10.0.0.12',
  port: 8080,
  ...(key === undefined ? {} : { key }),
})
const many = (count: number, key?: string) =>
  Array.from({ length: count }, (_, index) => server(`${key}-${index}`, key))

describe('servers that ask for the same key', () => {
  it('are one group, in whatever order they come', () => {
    const [one, two, open] = [server('a', 'bb'), server('b', 'aa'), server('c')]
    const groups = [
      { key: undefined, servers: [open] },
      { key: 'aa', servers: [two] },
      { key: 'bb', servers: [one] },
    ]
    expect(groupByKey([one, two, open])).toEqual(groups)
    expect(groupByKey([open, two, one])).toEqual(groups)
  })

  it.each([
    ['all of it, alone', [5], ['0123456789abcdef']],
    ['a half each', [3, 3], ['01234567', '89abcdef']],
    ['one sixteenth at least', [1, 99], ['0', '123456789abcdef']],
    ['one sixteenth at least, as the last', [99, 1], ['0123456789abcde', 'f']],
    ['as many as there are', [2, 1, 1], ['01234567', '89ab', 'cdef']],
  ])('get of the requests %s', (_what, counts, digits) => {
    const groups = groupByKey(counts.flatMap((count, index) => many(count, `${index}`)))
    expect(digitsOf(groups)).toEqual(digits)
  })

  it('leave no digit without a group', () => {
    for (let groups = 1; groups <= 16; groups += 1) {
      const counts = Array.from({ length: groups }, (_, index) => 1 + ((index * 37) % 23))
      const digits = digitsOf(
        groupByKey(counts.flatMap((count, index) => many(count, String.fromCharCode(97 + index)))),
      )
      expect(digits.join('')).toBe('0123456789abcdef')
      expect(digits.every(some => some.length > 0)).toBe(true)
    }
  })
})
