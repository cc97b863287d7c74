import { createServer, type ServerResponse } from 'node:http'

/**
 * Answers `GET /metrics` on loopback until the signal aborts. Resolves when it listens.
 *
 * @throws when the port is in use.
 */
export function serveMetrics(
  port: number,
  render: () => Promise<{ contentType: string; text: string }>,
  signal: AbortSignal,
): Promise<void> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics')
      return answer(response, 404, 'text/plain', 'GET /metrics\n')
    render().then(
      ({ contentType, text }) => answer(response, 200, contentType, text),
      error => answer(response, 500, 'text/plain', `${error}\n`),
    )
  })
  signal.addEventListener('abort', () => server.close().closeAllConnections(), { once: true })
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(`Cannot serve metrics on 127.0.0.1:${port}: ${error.code}`, { cause: error })),
    )
    server.listen({ host: '127.0.0.1', port }, resolve)
  })
}

function answer(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, { 'content-type': contentType }).end(text)
}
