import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { endianness } from 'node:os'
import { expect, it } from 'vitest'
import { createHttp } from '../../../src/adapters/system/http.ts'
import {
  countForeign,
  inodesTo,
  parseEstablished,
  parseListening,
  readTcpTables,
} from '../../../src/adapters/system/tcp-table.ts'

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0B4D000A:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 100 0 0 10 0
   1: 0B4D000A:1F90 054D000A:C350 01 00000000:00000000 00:00000000 00000000  1000        0 2 1 0 20 4 30 10 -1
   2: 0B4D000A:1F90 0B4D000A:C351 01 00000000:00000000 00:00000000 00000000  1000        0 3 1 0 20 4 30 10 -1
   3: 0B4D000A:1F90 054D000A:C352 08 00000000:00000000 00:00000000 00000000  1000        0 4 1 0 20 4 30 10 -1
   4: 0B4D000A:1F91 054D000A:C353 01 00000000:00000000 00:00000000 00000000  1000        0 5 1 0 20 4 30 10 -1
`

const readEstablished = () => readTcpTables().flatMap(parseEstablished)

it('reads established connections only', () => {
  expect(parseEstablished(TABLE)).toEqual([
    { localPort: 8080, remote: '10.0.77.5:50000' },
    { localPort: 8080, remote: '10.0.77.11:50001' },
    { localPort: 8081, remote: '10.0.77.5:50003' },
  ])
})

it('reads who listens, in both tables', () => {
  const six = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0 100 0 0 10 0
   1: B80D0120000000000000000001000000:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 78 1 0 100 0 0 10 0
`
  expect([TABLE, six].flatMap(parseListening)).toEqual([
    { address: '10.0.77.11', port: 8080, inode: '1' },
    { address: '::1', port: 8080, inode: '77' },
    { address: '2001:db8::1', port: 8081, inode: '78' },
  ])
})

// Of proc(5): the address is a number in memory's order, the port is not.
const REMOTES = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  2001        0 100 1 0 100 0 0 10 0
   1: 0500000A:C350 0C00000A:1F90 01 00000000:00000000 00:00000000 00000000  2001        0 101 1 0 20 4 30 10 -1
   2: 0500000A:C351 0C00000A:1F91 01 00000000:00000000 00:00000000 00000000  2001        0 102 1 0 20 4 30 10 -1
   3: 0500000A:1F90 0D00000A:1F90 01 00000000:00000000 00:00000000 00000000  2001        0 103 1 0 20 4 30 10 -1
   4: 0500000A:C352 0C00000A:1F90 06 00000000:00000000 00:00000000 00000000     0        0 0 3 0
`

it.runIf(endianness() === 'LE')('finds the sockets at whose other end an address and port are, and no others', () => {
  expect([...inodesTo(REMOTES, [{ address: '10.0.0.12', port: 8080 }])]).toEqual(['101'])
  expect([...inodesTo(REMOTES, [{ address: '10.0.0.5', port: 8080 }])]).toEqual([])
})

it('counts what others hold to one port', () => {
  expect(countForeign(parseEstablished(TABLE), 8080, new Set())).toBe(2)
  expect(countForeign(parseEstablished(TABLE), 8080, new Set(['10.0.77.11:50001']))).toBe(1)
  expect(countForeign(parseEstablished(TABLE), 9999, new Set())).toBe(0)
})

it('counts the client of another machine that has the port of one of ours', () => {
  expect(countForeign(parseEstablished(TABLE), 8080, new Set(['10.0.77.11:50000']))).toBe(2)
})

it.each([
  ['127.0.0.1', '127.0.0.1'],
  ['127.0.0.2', '127.0.0.2'],
  ['::', '127.0.0.1'],
])('tells ours from others where an engine listens on %s', async (host, asked) => {
  const held: (() => void)[] = []
  const server = createHttpServer((_, response) => void held.push(() => response.end())).listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const http = createHttp()
  const answer = http.ask(`http://${asked}:${port}/`, { timeoutMs: 30_000 })
  await once(server, 'request')
  const connections = readEstablished()
  expect(countForeign(connections, port, new Set())).toBe(1)
  expect(countForeign(connections, port, http.ownEnds())).toBe(0)
  for (const end of held) end()
  await answer
  server.close()
})

it('sees a real connection come and go', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  expect(countForeign(readEstablished(), port, new Set())).toBe(0)
  const accepted = new Promise(resolve => server.once('connection', resolve))
  const client = connect(port, '127.0.0.1')
  await accepted
  expect(countForeign(readEstablished(), port, new Set())).toBe(1)
  client.destroy()
  server.close()
})
