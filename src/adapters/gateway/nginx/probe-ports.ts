import { createServer } from 'node:net'
import { codeOf } from '../../../core/domain/caught.ts'
import { isIpv6, type ListenAddress, listenWords } from '../../../core/domain/listen-address.ts'
import type { ListeningSocket } from '../../system/tcp-table.ts'
import { othersOn } from '../render/listeners.ts'

/**
 * Opens each address for a moment, as nginx would. `nginx -t` succeeds even when an address is in use or not on this machine, and
 * a reload that fails on it blocks for 2.5 s. `held` are sockets that our nginx closes for these.
 *
 * @throws for the first that cannot be opened; the cause has the code.
 */
export async function probePorts(
  wanted: readonly ListenAddress[],
  held: readonly ListeningSocket[] = [],
): Promise<void> {
  for (const at of wanted) {
    try {
      await openOnce(at)
    } catch (error) {
      if (codeOf(error) === 'EADDRINUSE' && held.length > 0 && othersOn(at, held).length === 0) continue
      throw new Error(`Cannot open ${listenWords(at)}: ${whyNot(error)}`, { cause: error })
    }
  }
}

function whyNot(error: unknown): string {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return 'another process listens on it; end that process or choose another port'
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address; "ip address" shows its addresses'
    default:
      return String(error)
  }
}

function openOnce({ address, port }: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host: address, port, exclusive: true, ipv6Only: isIpv6(address) }, () =>
      server.close(() => resolve()),
    )
  })
}
