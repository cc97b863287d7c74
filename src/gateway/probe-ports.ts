import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { codeOf } from '../domain/caught.ts'
import type { GatewayModel } from '../domain/gateway-model.ts'
import { openFiles, socketInode } from '../system/open-files.ts'

/** Every TCP port that a gateway of this model listens on. */
export function portsOf(model: GatewayModel): number[] {
  return [...new Set([model.listen, ...model.tiers.flatMap(tier => tier.port ?? [])])]
}

/**
 * The TCP ports on which a process of ours listens, from its descriptors and the kernel's table (proc(5)). What the
 * master holds, and not what some generation's files name, tells which ports a reload has to open.
 */
export function listeningPorts(pid: number): Set<number> {
  const inodes = new Set([...openFiles(pid)].flatMap(({ link }) => socketInode(link) ?? []))
  const rows = readFileSync('/proc/net/tcp', 'latin1').trim().split('\n').slice(1)
  return new Set(
    rows.flatMap(row => {
      const [, local = '', , state, , , , , , inode = ''] = row.trim().split(/\s+/)
      return state === LISTEN && inodes.has(inode) ? [Number.parseInt(local.slice(local.indexOf(':') + 1), 16)] : []
    }),
  )
}

const LISTEN = '0A' // include/net/tcp_states.h

/**
 * Opens each port for a moment, as nginx would: `nginx -t` passes when a port is taken, and a reload that finds out
 * serves again only after 2.5 s.
 *
 * @throws for the first port that somebody else holds.
 */
export async function probePorts(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    try {
      await openOnce(port)
    } catch (error) {
      const isTaken = codeOf(error) === 'EADDRINUSE'
      const found = isTaken ? 'another process listens on it; end that process or choose another port' : String(error)
      throw new Error(`Cannot open port ${port}: ${found}`, { cause: error })
    }
  }
}

function openOnce(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host: '0.0.0.0', port, exclusive: true }, () => server.close(() => resolve()))
  })
}
