import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { execa } from 'execa'
import type { Machine } from './cluster-state.ts'
import { utsNamespace } from './on-node.ts'

export const CONTROLLER: Machine = { name: 'slurm-ctl', address: '10.77.0.5' }

/** The nodes that a cluster of this size has: names like the example site's, because sbatch refuses unknown ones. */
export function describeNodes(count: number): readonly Machine[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `vasp-${String(index + 1).padStart(2, '0')}`,
    address: `10.77.0.${11 + index}`,
  }))
}

/** Where tests name ports, such as those of RPC workers: the kernel gives none of these to somebody's connection. */
const RESERVED_PORTS = { file: '/proc/sys/net/ipv4/ip_local_reserved_ports', range: '50000-50999' }

/**
 * The namespace we are in becomes the controller, on a bridge; each node is one more namespace at the end of a veth
 * pair, with a host name of its own. Every machine has every port to itself, and all resolve each other's names.
 */
export async function makeNetwork(nodes: readonly Machine[]): Promise<void> {
  await writeFile('/proc/sys/kernel/hostname', CONTROLLER.name)
  await writeFile('/etc/hosts', hostsFile(nodes))
  // Nobody to ask out there: a name that /etc/hosts has not is refused at once.
  await writeFile('/etc/resolv.conf', '')
  await writeFile(RESERVED_PORTS.file, RESERVED_PORTS.range)
  await ip('link set lo up')
  await ip('link add lab0 type bridge')
  await ip(`addr add ${CONTROLLER.address}/24 dev lab0`)
  await ip('link set lab0 up')
  await Promise.all(nodes.map(makeNode))
}

async function makeNode(node: Machine): Promise<void> {
  await ip(`netns add ${node.name}`)
  await ip(`link add ${node.name} type veth peer name eth0 netns ${node.name}`)
  await ip(`link set ${node.name} master lab0 up`)
  await ip(`-n ${node.name} addr add ${node.address}/24 dev eth0`)
  await ip(`-n ${node.name} link set eth0 up`)
  await ip(`-n ${node.name} link set lo up`)
  const { file, range } = RESERVED_PORTS
  await execa('ip', ['netns', 'exec', node.name, 'sh', '-c', `echo ${range} >${file}`])
  const hostName = utsNamespace(node.name)
  await mkdir(dirname(hostName), { recursive: true })
  await writeFile(hostName, '')
  await execa('unshare', [`--uts=${hostName}`, 'sh', '-c', 'echo "$0" >/proc/sys/kernel/hostname', node.name])
}

/** Pulls the node's cable, or puts it back, on the bridge's side: nobody is told, packets are lost. */
export async function setCable(nodeName: string, state: 'up' | 'down'): Promise<void> {
  await ip(`link set ${nodeName} ${state}`)
}

function hostsFile(nodes: readonly Machine[]): string {
  const entries = [{ name: 'localhost', address: '127.0.0.1' }, CONTROLLER, ...nodes]
  return entries.map(({ name, address }) => `${address} ${name}\n`).join('')
}

async function ip(command: string): Promise<void> {
  await execa('ip', command.split(' '))
}
