import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { endianness } from 'node:os'
import { expect, it } from 'vitest'
import { inodesTo, socketsTo } from '../../../src/adapters/system/process-sockets.ts'
import { identify } from '../../../src/adapters/system/processes.ts'

// Of proc(5): the address is a number in memory's order, the port is not.
const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  2001        0 100 1 0 100 0 0 10 0
   1: 0500000A:C350 0C00000A:1F90 01 00000000:00000000 00:00000000 00000000  2001        0 101 1 0 20 4 30 10 -1
   2: 0500000A:C351 0C00000A:1F91 01 00000000:00000000 00:00000000 00000000  2001        0 102 1 0 20 4 30 10 -1
   3: 0500000A:1F90 0D00000A:1F90 01 00000000:00000000 00:00000000 00000000  2001        0 103 1 0 20 4 30 10 -1
   4: 0500000A:C352 0C00000A:1F90 06 00000000:00000000 00:00000000 00000000     0        0 0 3 0
`

it.runIf(endianness() === 'LE')('finds the sockets at whose other end an address and port are, and no others', () => {
  expect([...inodesTo(TABLE, [{ address: '10.0.0.12', port: 8080 }])]).toEqual(['101'])
  expect([...inodesTo(TABLE, [{ address: '10.0.0.5', port: 8080 }])]).toEqual([])
})

it('looks at the files of a process once, however many ends are asked about', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect(port, '127.0.0.1')
  await once(client, 'connect')
  const others = Array.from({ length: 20_000 }, (_, index) => ({ address: '10.0.0.12', port: 1024 + index }))
  const self = { pid: process.pid, startTime: (await identify(process.pid))?.startTime ?? '' }
  const found = socketsTo([self], [...others, { address: '127.0.0.1', port }])
  client.destroy()
  server.close()
  expect(found).toMatchObject([self])
})
