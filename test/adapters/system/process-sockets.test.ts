import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { socketsTo } from '../../../src/adapters/system/process-sockets.ts'
import { identify } from '../../../src/adapters/system/processes.ts'

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
