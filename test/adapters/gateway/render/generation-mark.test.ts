import { expect, it } from 'vitest'
import { markedBy } from '../../../../src/adapters/gateway/render/generation-mark.ts'

const generations = '/var/lib/sluice/generations'

it.each<[string, number | undefined]>([
  [`${generations}/12/mark`, 12],
  [`${generations}/12/mark (deleted)`, 12], // pruned while its last streams run
  [`${generations}/12/keys.conf`, undefined],
  [`${generations}/12/mark.old`, undefined],
  [`${generations}/1234567890123456/mark`, undefined],
  [`/elsewhere${generations}/12/mark`, undefined],
  [`${generations}-other/12/mark`, undefined],
  ['socket:[12]', undefined],
])('%s', (link, generation) => {
  expect(markedBy(link, generations)).toBe(generation)
})
