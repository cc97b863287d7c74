import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { connectGateway, type DrivenGateway, serveGateway } from '../../../src/adapters/gateway/gateway-ipc.ts'
import { fingerprintOf } from '../../../src/core/domain/engine-key.ts'
import type { GatewayModel } from '../../../src/core/domain/gateway-model.ts'

const model: GatewayModel = { listen: 8080, tiers: [] }
const never = new AbortController().signal

/** The two ends of a pipe that carries JSON, as child_process does. */
function pipe() {
  const ends = [new EventEmitter(), new EventEmitter()] as const
  const end = (own: number, other: number) =>
    Object.assign(ends[own] as EventEmitter, {
      close: () => ends[other]?.emit('disconnect'),
      send: (message: unknown) =>
        queueMicrotask(() => ends[other]?.emit('message', JSON.parse(JSON.stringify(message)))),
    })
  return { root: end(0, 1), child: end(1, 0), cut: () => ends[1].emit('disconnect') }
}

function connected(gateway: Partial<DrivenGateway>, permit: (model: GatewayModel) => void = () => undefined) {
  const { root, child, cut } = pipe()
  const lost: string[] = []
  const full = { apply: notAsked, running: notAsked, endStreams: notAsked, ...gateway }
  const served = serveGateway(full, root as never, { permit, permitAddress, signal: never })
  return { served, cut, child, lost, far: connectGateway(child as never, error => lost.push(error.message)) }
}

function permitAddress(address: string): void {
  if (address !== '10.0.0.12') throw new Error('not this address')
}

async function notAsked(): Promise<never> {
  throw new Error('not asked for')
}

describe('a gateway at the other end of a pipe', () => {
  it('applies and tells what runs', async () => {
    const { far } = connected({
      apply: async asked => ({ status: 'unchanged', generation: Number(asked.listen) }),
      running: async () => undefined,
    })
    expect(await Promise.all([far.apply(model, never), far.running(never)])).toEqual([
      { status: 'unchanged', generation: 8080 },
      undefined,
    ])
  })

  it('is given keys, each under its own fingerprint or none at all', async () => {
    const key = 'k'.repeat(32)
    const given: unknown[] = []
    const { far } = connected({
      apply: async (_model, _signal, keys) => {
        given.push(keys)
        return { status: 'unchanged', generation: 1 }
      },
    })
    await far.apply(model, never, { [fingerprintOf(key)]: key })
    expect(given).toEqual([{ [fingerprintOf(key)]: key }])
    const forged = { [fingerprintOf(key)]: "'; } include /etc/shadow; {" }
    expect(await far.apply(model, never, forged)).toEqual({
      status: 'failed',
      step: 'render',
      message: `Cannot use the key "${fingerprintOf(key)}": that is not its fingerprint`,
      restored: true,
    })
    expect(given).toHaveLength(1)
  })

  it('says why it cannot tell', async () => {
    const { far } = connected({ running: async () => Promise.reject(new Error('Cannot tell')) })
    await expect(far.running(never)).rejects.toThrow('Cannot tell')
  })

  it.each<[string, unknown, string]>([
    ['is none', { listen: 80, tiers: [] }, 'Cannot render the gateway: listen must be 1024 or above'],
    ['is not permitted', { listen: 8081, tiers: [] }, 'not this port'],
  ])('is not asked to apply what %s', async (_what, asked, message) => {
    const { far } = connected({}, ({ listen }) => {
      if (listen !== 8080) throw new Error('not this port')
    })
    expect(await far.apply(asked as GatewayModel, never)).toEqual({
      status: 'failed',
      step: 'render',
      message,
      restored: true,
    })
  })

  it('hears nothing but its own words', async () => {
    const { child, far, served } = connected({ running: async () => undefined })
    for (const message of [null, 'apply', { id: 1, call: 'stop' }, { call: 'apply', model }]) child.send(message)
    expect(await far.running(never)).toBeUndefined()
    await served.idle()
  })

  it('ends the streams of servers that it may reach, and of no others', async () => {
    const { far } = connected({ endStreams: async servers => ({ ended: servers.length }) })
    expect(await far.endStreams([{ address: '10.0.0.12', port: 8080 }])).toEqual({ ended: 1 })
    await expect(far.endStreams([{ address: '10.0.0.13', port: 8080 }])).rejects.toThrow('not this address')
  })

  it('is lost with the pipe, and every call with it', async () => {
    const { far, cut, lost } = connected({ running: () => new Promise(() => undefined) })
    const call = far.running(never)
    cut()
    const words = 'Cannot control nginx: the root process for it is gone'
    await expect(call).rejects.toThrow(words)
    await expect(far.apply(model, never)).rejects.toThrow(words)
    expect(lost).toEqual([words])
  })

  it('cuts off an end that asks and asks', async () => {
    const { far, lost } = connected({ running: () => new Promise(() => undefined) })
    const calls = Array.from({ length: 17 }, () => far.running(never))
    const ends = await Promise.allSettled(calls)
    expect(new Set(ends.map(one => one.status))).toEqual(new Set(['rejected']))
    expect(lost).toHaveLength(1)
  })

  it('is not waited for after an abort', async () => {
    const { far } = connected({ running: () => new Promise(() => undefined) })
    const ending = new AbortController()
    const call = far.running(ending.signal)
    ending.abort(new Error('ended'))
    await expect(call).rejects.toThrow('ended')
  })
})
