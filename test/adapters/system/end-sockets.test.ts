import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { endSockets, mayTrace } from '../../../src/adapters/system/end-sockets.ts'
import { type ProcessSocket, socketsTo } from '../../../src/adapters/system/process-sockets.ts'

const stat = readFileSync('/proc/self/stat', 'latin1')
const SELF = { pid: process.pid, startTime: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '' }

/** Connections of this process to a server that never says a word, and the sockets that they are. */
async function connected(count: number) {
  const server = createServer(socket => void socket.on('error', () => undefined)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const clients = Array.from({ length: count }, () => connect(port, '127.0.0.1'))
  await Promise.all(clients.map(client => once(client, 'connect')))
  onTestFinished(() => {
    for (const client of clients) client.destroy()
    server.close()
  })
  return { clients, sockets: socketsTo([SELF], [{ address: '127.0.0.1', port }]) }
}

const ended = (client: Socket) => once(client.resume(), 'end')

describe.runIf(await mayTrace())('the sockets of another process', () => {
  it('are all shut down, as if the other end had closed them', async () => {
    const { clients, sockets } = await connected(3)
    expect(sockets).toHaveLength(3)
    const over = Promise.all(clients.map(ended))
    expect(await endSockets(sockets)).toEqual({ ended: 3 })
    await over
  })

  it.each<[string, (socket: ProcessSocket) => ProcessSocket]>([
    ['another process has its pid', socket => ({ ...socket, startTime: '1' })],
    ['another socket has its number', socket => ({ ...socket, inode: '1' })],
    ['its process has ended', socket => ({ ...socket, pid: 2 ** 22 - 1 })],
    ['it was closed', socket => ({ ...socket, fd: 2 ** 20 - 1 })],
  ])('are left alone where %s, which is no trouble', async (_, change) => {
    const { clients, sockets } = await connected(2)
    const [one, other] = sockets
    if (one === undefined || other === undefined) throw new Error('No sockets')
    const over = clients.map(ended)
    expect(await endSockets([change(one), other])).toEqual({ ended: 1 })
    await Promise.race(over)
    expect(clients.filter(client => client.readableEnded)).toHaveLength(1)
  })
})

it('says what went wrong, and never rejects', async () => {
  const wrong = [{ pid: 'x', startTime: '1', fd: 1, inode: '1' }] as unknown as ProcessSocket[]
  expect(await endSockets(wrong)).toEqual({ ended: 0, trouble: expect.stringContaining(`Node ${process.version}: `) })
})

it('has nothing to do for none', async () => {
  expect(await endSockets([])).toEqual({ ended: 0 })
})
