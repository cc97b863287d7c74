import { createServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { inspectListen } from '../../../../src/adapters/gateway/inspect-gateway.ts'
import { probePorts } from '../../../../src/adapters/gateway/nginx/probe-ports.ts'
import { listenersOf } from '../../../../src/adapters/gateway/render/listeners.ts'
import { listenAddress } from '../../../../src/core/domain/listen-address.ts'
import { freePort } from '../../../support/stand-in-engine.ts'

async function takenOn(host: string): Promise<number> {
  const port = await freePort()
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ host, port }, resolve)
  })
  onTestFinished(() => void server.close())
  return port
}

const probed = (listen: string | number) => probePorts([listenAddress(listen)])
const TAKEN = 'another process listens on it; end that process or choose another port'

it('a port that is taken on one address is free on the others', async () => {
  const port = await takenOn('127.0.0.2')
  await probed(`127.0.0.1:${port}`)
  await expect(probed(`127.0.0.2:${port}`)).rejects.toThrow(`Cannot open 127.0.0.2:${port}: ${TAKEN}`)
  await expect(probed(port)).rejects.toThrow(`Cannot open port ${port}: ${TAKEN}`)
})

it('one that is taken on all addresses is free on none', async () => {
  const port = await takenOn('0.0.0.0')
  await expect(probed(`127.0.0.1:${port}`)).rejects.toThrow(`Cannot open 127.0.0.1:${port}: ${TAKEN}`)
})

it('an address of another machine is told in one line', async () => {
  const message =
    'Cannot open 192.0.2.1:8080: this machine does not have that address; "ip address" shows its addresses'
  await expect(probed('192.0.2.1:8080')).rejects.toThrow(message)
  expect(await inspectListen('192.0.2.1:8080', '/nowhere')).toBe('not this machine')
})

it('what our own sockets hold is ours to let go', async () => {
  const port = await takenOn('0.0.0.0')
  const held = listenersOf(process.pid).filter(one => one.port === port)
  expect(held).toEqual([{ address: '0.0.0.0', port, inode: expect.stringMatching(/^\d+$/) }])
  await probePorts([listenAddress(`127.0.0.1:${port}`)], held)
  await expect(probePorts([listenAddress(`192.0.2.1:${port}`)], held)).rejects.toThrow('does not have that address')
})

it('but not what somebody else holds beside them', async () => {
  const port = await takenOn('127.0.0.1')
  const server = createServer()
  await new Promise<void>(resolve => void server.listen({ host: '127.0.0.2', port }, resolve))
  onTestFinished(() => void server.close())
  const held = listenersOf(process.pid).filter(one => one.port === port && one.address === '127.0.0.1')
  await expect(probePorts([listenAddress(port)], held)).rejects.toThrow(TAKEN)
})
