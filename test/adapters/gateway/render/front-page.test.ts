import { expect, it } from 'vitest'
import { frontPage } from '../../../../src/adapters/gateway/render/front-page.ts'

const CHAT = ['/v1/models', '/v1/chat/completions']
const fast = { name: 'fast', place: '/', paths: CHAT }

it('says what this is, where its tiers are and how to ask one', () => {
  const { pages, icon, text } = frontPage([
    { name: 'embeddings', place: '/embeddings/', paths: ['/v1/embeddings'] },
    { name: 'reasoning', place: '/reasoning/', paths: CHAT },
  ])
  expect({ pages, icon }).toEqual({ pages: ['/', '/index.html'], icon: '/favicon.ico' })
  expect(text).toContain('/embeddings/v1           embeddings\\n')
  expect(text).toContain('curl ADDRESS/reasoning/v1/chat/completions')
})

it.each([
  ['a page of its own', { ...fast, paths: ['/', ...CHAT] }, { pages: ['/index.html'], icon: '/favicon.ico' }],
  ['any one segment', { ...fast, paths: ['/{id}'] }, { pages: ['/'], icon: false }],
  ['only paths of the API', fast, { pages: ['/', '/index.html'], icon: '/favicon.ico' }],
  ['a path that is called so', { ...fast, place: '/index.html/' }, { pages: ['/'], icon: '/favicon.ico' }],
])('takes nothing from a tier that serves %s', (_, tier, expected) => {
  expect(frontPage([tier])).toMatchObject(expected)
})

it('fits in what nginx reads, whatever the number of tiers and their paths', () => {
  const tiers = Array.from({ length: 500 }, (_, index) => ({
    name: `tier${index}`,
    place: `/${'a'.repeat(index % 2 === 0 ? 50 : 500)}/`,
    paths: CHAT,
  }))
  expect(frontPage(tiers).text).toContain('and 490 more')
  expect(frontPage([]).text).toContain('It serves no tier yet.')
})
