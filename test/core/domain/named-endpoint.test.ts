import { describe, expect, it } from 'vitest'
import { endpointNamed } from '../../../src/core/domain/named-endpoint.ts'
import { endpoint } from '../../fixtures/endpoint.ts'

const job = { ...endpoint.job, id: '17', restarts: 0 }
const [first, second] = ['fast-17-0-0', 'fast-17-0-1'].map(id => ({ ...endpoint, id, job }))
const all = [endpoint, ...(first && second ? [first, second] : [])]

describe('an endpoint', () => {
  it.each([['fast-4242-1-0'], ['fast-4242-1'], ['4242']])('is meant by %s', name => {
    expect(endpointNamed(name, all)).toBe(endpoint)
  })

  it.each([
    ['17', 'Cannot choose an endpoint of "17": name "fast-17-0-0" or "fast-17-0-1"'],
    ['fast-4243-1-0', 'Cannot find the endpoint "fast-4243-1-0": did you mean "fast-4242-1-0"'],
    [
      'reasoning',
      'Cannot find the endpoint "reasoning": the endpoints are "fast-4242-1-0", "fast-17-0-0" or "fast-17-0-1"',
    ],
  ])('is not meant by %s', (name, message) => {
    expect(() => endpointNamed(name, all)).toThrow(message)
  })

  it('is not found where there is none', () => {
    expect(() => endpointNamed('fast', [])).toThrow('Cannot find the endpoint "fast": there are none now')
  })
})
