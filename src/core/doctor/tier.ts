import { inNetworks, parseIpv4 } from '../domain/address.ts'
import { type DoctorFinding, ok, unknown } from './doctor-finding.ts'
import type { GatewayFacts, PartitionFacts, SlurmFacts, TierFacts } from './facts.ts'
import { examinePreemption } from './tier-preemption.ts'

interface Around {
  readonly slurm: SlurmFacts
  readonly gateway: Pick<GatewayFacts, 'networks'>
}

/** Findings for one tier's jobs. */
export function examineTier(tier: TierFacts, { slurm, gateway }: Around): readonly DoctorFinding[] {
  return [
    ...partitions(tier),
    ...examinePreemption(tier, slurm),
    ...sharing(tier),
    ...rpc(tier),
    ...nodes(tier, gateway),
    engine(tier),
  ]
}

function partitions({ name, partitions: found, missingPartitions }: TierFacts): readonly DoctorFinding[] {
  const id = `tier.partition.${name}`
  if (missingPartitions.length > 0) {
    const what = `${name}: Slurm has no partition ${missingPartitions.map(one => `"${one}"`).join(', ')}`
    return [{ id, level: 'problem', what, fix: `correct tiers.${name}.slurm.partition in sluice.yaml` }]
  }
  if (found === undefined || found.length === 0) return [unknown(id, `${name}: its partition is not known`)]
  const closed = found.filter(one => one.state !== undefined && one.state !== 'UP')
  if (closed.length > 0) {
    const what = `${name}: partition ${closed.map(one => `${one.name} is ${one.state}`).join(', ')}`
    return [{ id, level: 'warning', what, why: 'Its jobs wait until it is UP' }]
  }
  return [ok(id, `${name}: partition ${found.map(one => one.name).join(', ')}`)]
}

function sharing({ name, isExclusive, partitions: found }: TierFacts): readonly DoctorFinding[] {
  if (isExclusive || found === undefined || found.every((one: PartitionFacts) => one.isExclusive)) return []
  return [
    {
      id: `tier.shared-nodes.${name}`,
      level: 'note',
      what: `${name}: its nodes are shared with other people's jobs`,
      why: 'They can reach the engine without the gateway, and slow it down',
      fix: `write tiers.${name}.slurm.exclusive: true where a whole node is yours`,
    },
  ]
}

/** reference: llama.cpp, tools/rpc/README.md. */
function rpc({ name, rpcPort }: TierFacts): readonly DoctorFinding[] {
  if (rpcPort === undefined) return []
  return [
    {
      id: `tier.rpc.${name}`,
      level: 'warning',
      what: `${name}: its RPC workers obey every client that reaches port ${rpcPort} of their nodes`,
      why: "llama.cpp's RPC has no key and no encryption; a second client also hangs the model",
      fix: 'open that port to the nodes of this cluster only, and choose an rpc.network with no other machines in it',
    },
  ]
}

/** At most this many names are listed one by one. */
const MOST_NAMES = 5

function nodes({ name, nodes: found }: TierFacts, { networks }: Around['gateway']): readonly DoctorFinding[] {
  const id = `tier.nodes.${name}`
  if (found === undefined) return [unknown(id, `${name}: it is not known which nodes its jobs may get`)]
  const unresolved = found.filter(node => node.addresses === undefined)
  const reached = networks.map(network => ({
    network,
    nodes: found.filter(({ addresses }) => firstNetwork(addresses, networks) === network),
  }))
  const outside = found.filter(
    node => node.addresses !== undefined && firstNetwork(node.addresses, networks) === undefined,
  )
  const findings: DoctorFinding[] = []
  if (unresolved.length > 0) {
    findings.push({
      id: `${id}.unresolved`,
      level: 'warning',
      what: `${name}: this machine cannot resolve ${list(unresolved)}`,
      why: 'Nothing is routed to a node whose name does not resolve',
      fix: 'put the nodes into /etc/hosts or DNS here',
    })
  }
  const [first] = outside
  if (first !== undefined) {
    const isIpv6 = outside.every(({ addresses }) => addresses?.every(address => parseIpv4(address) === undefined))
    findings.push({
      id: `${id}.outside`,
      level: 'problem',
      what: `${name}: ${list(outside)} (${first.addresses?.join(', ')}) lies outside gateway.networks`,
      why: `This machine resolves them to no address in ${networks.join(', ')}, and the address that an engine reports is not trusted without that`,
      fix:
        (isIpv6 ? 'engines are reached by IPv4: ' : 'add the network to gateway.networks, or, ') +
        'if the nodes have an address in one of these, write the name by which this machine resolves it: ' +
        'gateway.nodeSuffix, such as i where gpu01 is gpu01i there, or gateway.nodeNames',
    })
  }
  if (findings.length > 0 || found.length === 0) return findings
  const places = reached.flatMap(({ network, nodes: there }) =>
    there.length === 0 ? [] : [`${list(there)} in ${network}`],
  )
  return [ok(id, `${name}: engines are reached on ${places.join(', on ')}`)]
}

/** The first of the networks, in their order, in which the gateway resolves an address of the engine's node. */
function firstNetwork(addresses: readonly string[] | undefined, networks: readonly string[]): string | undefined {
  return networks.find(network => addresses?.some(address => inNetworks(address, [network])))
}

function engine({ name, command }: TierFacts): DoctorFinding {
  if (command === undefined) return ok(`tier.engine.${name}`, `${name}: its engine is the demo engine`)
  const what = `${name}: this machine cannot see whether the nodes have "${command}"`
  return unknown(`tier.engine.${name}`, what, 'If they do not, a replica reports that in sluice status when it starts')
}

function list(nodes: readonly { readonly name: string }[]): string {
  const names = nodes.slice(0, MOST_NAMES).map(node => node.name)
  const more = nodes.length - names.length
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
