import { connect, type Socket } from 'node:net'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'

/** A client that is never done with an engine, until told to leave: engines close connections on which nothing is asked. */
export function stayConnected({ url }: Endpoint): { leave(): void } {
  const { hostname, port } = new URL(url ?? '')
  let socket = again()
  let isLeaving = false
  return {
    leave() {
      isLeaving = true
      socket.destroy()
    },
  }

  function again(): Socket {
    return connect(Number(port), hostname)
      .on('error', () => {}) // the engine has gone
      .once('close', hadError => {
        if (!isLeaving && !hadError) socket = again()
      })
      .resume()
  }
}
