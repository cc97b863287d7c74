import { describe, expect, it } from 'vitest'
import { endpointNamed } from '../../../src/core/domain/named-endpoint.ts'
import { endpoint } from '../../support/endpoint.ts'

const job = { ...endpoint.job, id: '17', restarts: 0 }
const [first, second] = ['fast-17-0-0', 'fast-17-0-1'].map(id => ({ ...endpoint, id, job }))
const all = { tiers: ['fast', 'reasoning'], endpoints: [endpoint, ...(first && second ? [first, second] : [])] }

describe('an endpoint', () => {
  it.each([['fast-4242-1-0'], ['fast-4242-1'], ['fast-4242'], ['4242']])('is meant by %s', name => {
    expect(endpointNamed(name, all)).toBe(endpoint)
  })

  it.each([
    ['fast-17-0-7', 'Cannot find endpoint "fast-17-0-7": did you mean "fast-17-0-0"'],
    ['17', 'Cannot choose an endpoint of "17": name "fast-17-0-0" or "fast-17-0-1"'],
    ['fast-4243-1-0', 'Cannot find endpoint "fast-4243-1-0": did you mean "fast-4242-1-0"'],
    ['reasoning', 'Cannot find endpoint "reasoning": choose "fast-4242-1-0", "fast-17-0-0" or "fast-17-0-1"'],
  ])('is not meant by %s', (name, message) => {
    expect(() => endpointNamed(name, all)).toThrow(message)
  })

  it('is not found where there is none', () => {
    expect(() => endpointNamed('fast', { tiers: ['fast'], endpoints: [] })).toThrow(
      'Cannot find endpoint "fast": there is none',
    )
  })
})
