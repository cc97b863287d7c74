import { type AddressInfo, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** An engine that answers as soon as it has a request's head, with its body unread. */
export interface RefusingEngine {
  readonly port: number
  /** Requests that began to reach it. */
  readonly delivered: number
}

/** `closes`: at once, so that what is still sent finds the connection broken; or it reads on until the sender has done. */
export async function refusingEngine(status: number, closes: 'at once' | 'late'): Promise<RefusingEngine> {
  const body = JSON.stringify({ error: { message: 'No', type: 'engine', param: null, code: 'refused' } })
  const head = `HTTP/1.1 ${status} No\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${body.length}`
  const open = new Set<Socket>()
  let delivered = 0
  const server = createServer(socket => {
    open.add(socket)
    socket.once('close', () => open.delete(socket)).on('error', () => undefined) // a sender that leaves
    let seen = ''
    socket.on('data', function take(part: Buffer) {
      seen += part.toString('latin1')
      if (!seen.includes('\r\n\r\n')) return
      socket.off('data', take)
      delivered += 1
      const answer = `${head}\r\n\r\n${body}`
      if (closes === 'late') socket.resume().end(answer)
      else socket.pause().write(answer, () => socket.destroy())
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    get delivered() {
      return delivered
    },
  }
}
