import { describe, expect, it } from 'vitest'
import { LISTED_PATH, pathPatterns } from '../../../../src/adapters/gateway/render/path-list.ts'

describe('a path of the list', () => {
  it.each(['/', '/v1', '/v1/a.b', '/v1/{id}', '/v1/{id}/x', '/v1/{model}', '/{model}', '/a-b_c~d'])('is %s', path => {
    expect(path).toMatch(LISTED_PATH)
  })

  it.each([
    ...['', 'v1', '//', '/v1/', '/v1//x', '/..', '/a/../b', '/a..b', '/.hidden', '/v1/a b', '/v1/a\n', '/v1\\a'],
    ...[
      '/v1/(a|b)',
      '/v1/a*',
      '/v1/$uri',
      '/v1/"',
      '/v1/;',
      '/v1/%2e',
      '/v1/{other}',
      '/{model}/x',
      '/v1/{id}x',
      '/a?b',
    ],
  ])('is not %j', path => {
    expect(path).not.toMatch(LISTED_PATH)
  })
})

describe('the patterns', () => {
  it('take the tier from the path, and a dot for a dot', () => {
    expect(pathPatterns('/a.b', ['/v1', '/c.d'])).toEqual(['~^/a\\.b(/(?:v1|c\\.d))\\z'])
    expect(pathPatterns('', [])).toEqual([])
  })

  it('stay shorter than a word of nginx, and lose no path', () => {
    const paths = Array.from({ length: 512 }, (_, n) => `/v1/${String(n).padStart(60, 'a')}/{id}`)
    const patterns = pathPatterns('/reasoning', paths)
    expect(Math.max(...patterns.map(one => one.length))).toBeLessThan(4_096)
    expect(patterns.flatMap(one => one.match(/a+\d+/g) ?? [])).toHaveLength(512)
  })
})
