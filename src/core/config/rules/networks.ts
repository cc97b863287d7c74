import { parseIpv4 } from '../../domain/address.ts'
import { badValue, type ConfigFinding, type Path, quote } from '../config-finding.ts'
import { type Rule, ruleTiers } from './rule-input.ts'

/**
 * A wider network contains machines of others, and the check of addresses would be without effect
 * ("nothing unvalidated reaches nginx", docs/design/rules.md).
 */
const SHORTEST_PREFIX = 8

const LINK_LOCAL = { first: 0xa9fe0000, size: 2 ** 16 }
const FIRST_MULTICAST = 0xe0000000

/** `gateway.networks` and `rpc.network` are IPv4 networks of hosts: without host bits, not link-local, not too wide. */
export const networkRule: Rule = input => [
  ...(input.config.gateway?.networks ?? []).flatMap((network, index) =>
    findings(['gateway', 'networks', index], network),
  ),
  ...ruleTiers(input).flatMap(([name, { rpc }]) => findings(['tiers', name, 'rpc', 'network'], rpc?.network)),
]

function findings(path: Path, network: string | undefined): ConfigFinding[] {
  const wrong = network === undefined ? undefined : wrongNetwork(network)
  return wrong === undefined ? [] : [badValue(path, `${quote(network ?? '')} ${wrong.found}`, wrong.fix)]
}

interface Wrong {
  readonly found: string
  readonly fix: string
}

function wrongNetwork(text: string): Wrong | undefined {
  const [base = '', length, ...rest] = text.split('/')
  const address = parseIpv4(base)
  if (text.includes(':'))
    return { found: 'is not IPv4', fix: 'write the IPv4 network of the nodes: only IPv4 is supported today' }
  if (address === undefined || rest.length > 0) {
    return {
      found: 'is not an IPv4 network',
      fix: 'write four numbers up to 255 and a prefix length, such as 10.0.0.0/24',
    }
  }
  if (length === undefined) return { found: 'has no prefix length', fix: `write ${base}/32 for this address alone` }
  if (!/^(?:[1-9]|[12]\d|3[0-2]|0)$/.test(length)) {
    return {
      found: `has the prefix length ${quote(length)}`,
      fix: `write a whole number from ${SHORTEST_PREFIX} to 32`,
    }
  }
  const size = 2 ** (32 - Number(length))
  const first = Math.floor(address / size) * size
  if (Number(length) < SHORTEST_PREFIX) {
    return {
      found: 'is too wide to mean the nodes',
      fix: `write the networks of the nodes, with prefixes from ${SHORTEST_PREFIX} to 32`,
    }
  }
  if (first < LINK_LOCAL.first + LINK_LOCAL.size && LINK_LOCAL.first < first + size) {
    return { found: 'contains link-local addresses', fix: 'write the network that the nodes are reached in' }
  }
  if (address >= FIRST_MULTICAST || address < 2 ** 24) {
    return { found: 'contains no host addresses', fix: 'write the network that the nodes are reached in' }
  }
  return first === address
    ? undefined
    : {
        found: 'has host bits set',
        fix: `write ${dotted(first)}/${length} for the network, or ${base}/32 for this address alone`,
      }
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map(shift => (address >>> shift) & 255).join('.')
}
