import { expect, it } from 'vitest'
import { FRESH_LEASE } from '../../../src/core/domain/lease.ts'
import { createNodeAddresses } from '../../../src/programs/updater/node-addresses.ts'
import { endpoint } from '../../support/endpoint.ts'
import { manualClock } from '../../support/manual-clock.ts'

/** A name service that is played by the test, and the nodes that it was asked for. */
function addressBook() {
  const clock = manualClock()
  const asked: string[] = []
  const world = { answer: ['10.0.0.12'] as readonly string[] | undefined, wakes: 0 }
  const resolve = async (node: string) => {
    asked.push(node)
    return world.answer
  }
  const wake = () => {
    world.wakes += 1
  }
  const addresses = createNodeAddresses({ network: { resolve }, clock, wake })
  const look = async (...urls: (string | null)[]) => {
    addresses.look(
      new Map(
        urls.map((url, at) => [`${at}`, { endpoint: { ...endpoint, url }, firstObservedAt: 0, lease: FRESH_LEASE }]),
      ),
    )
    await clock.advance(0)
  }
  return { clock, asked, world, addresses, look }
}

it('asks for each node once', async () => {
  const { clock, asked, world, addresses, look } = addressBook()
  await look('http://10.0.0.12:8080', null)
  await clock.advance(600_000)
  await look('http://10.0.0.12:8080', null)
  expect(asked).toEqual(['vasp-02'])
  expect(world.wakes).toBe(1)
  expect(addresses.of('vasp-02')).toEqual(['10.0.0.12'])
})

it('asks again when that is not known, without waking for it', async () => {
  const { asked, world, addresses, look } = addressBook()
  world.answer = undefined
  await look('http://10.0.0.12:8080')
  await look('http://10.0.0.12:8080')
  expect(asked).toEqual(['vasp-02', 'vasp-02'])
  expect(world.wakes).toBe(0)
  expect(addresses.of('vasp-02')).toBeUndefined()
})

it('asks again once a minute for a node that has not the address which an endpoint names, and keeps what it knew', async () => {
  const { clock, asked, world, addresses, look } = addressBook()
  await look('http://10.0.0.77:8080')
  await clock.advance(59_999)
  await look('http://10.0.0.77:8080')
  expect(asked).toHaveLength(1)
  await clock.advance(1)
  world.answer = undefined
  await look('http://10.0.0.77:8080')
  expect(asked).toHaveLength(2)
  expect(addresses.of('vasp-02')).toEqual(['10.0.0.12'])
  world.answer = ['10.0.0.77']
  await look('http://10.0.0.77:8080')
  expect(addresses.of('vasp-02')).toEqual(['10.0.0.77'])
  await look('http://10.0.0.77:8080')
  expect(asked).toHaveLength(3)
})

it('forgets a node that no endpoint names', async () => {
  const { addresses, look } = addressBook()
  await look('http://10.0.0.12:8080')
  await look()
  expect(addresses.of('vasp-02')).toBeUndefined()
})
