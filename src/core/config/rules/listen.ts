import {
  ANY_IPV4,
  isEveryAddress,
  isSameListen,
  type ListenAddress,
  listenAddress,
} from '../../domain/listen-address.ts'
import { badValue, type ConfigFinding, type Path, pathText } from '../config-finding.ts'
import { type Rule, type RuleInput, ruleTiers } from './rule-input.ts'

/** A key that makes the gateway listen on an address. */
interface Claim extends ListenAddress {
  readonly path: Path
  /** As it is written in the file. */
  readonly shown: string
}

/**
 * A tier's own address serves that tier alone, so it must differ from `gateway.listen` and from other tiers' addresses. nginx
 * accepts a port on all addresses beside the same port on one address, and answers by the client's destination address. Both
 * keys are reported, because either may be wrong.
 */
export const listenRule: Rule = input => {
  const claims = claimsOf(input)
  const main = claims.find(({ path }) => path[0] === 'gateway' && path[1] === 'listen')
  const own = claims.filter(one => one === main || one.path[0] === 'gateway' || !(main && isSameListen(main, one)))
  return own.flatMap((one, index) => {
    const other = own.find((another, place) => place !== index && isOnePlace(one, another))
    return other === undefined ? [] : [conflictFinding(one, other)]
  })
}

function conflictFinding(one: Claim, other: Claim): ConfigFinding {
  const found = `${holder(other.path)} has ${other.shown}`
  if (isSameListen(one, other)) return badValue(one.path, `${found} already`, 'write another')
  return badValue(one.path, `${found}, and one of the two is for all addresses`, 'write another port')
}

function holder(path: Path): string {
  return path[0] === 'tiers' ? `tier "${path[1]}"` : pathText(path)
}

/** "All addresses" includes IPv6 here, although nginx listens on IPv4 only. */
function isOnePlace(one: ListenAddress, other: ListenAddress): boolean {
  return one.port === other.port && (one.address === other.address || isEveryAddress(one) || isEveryAddress(other))
}

function claimsOf(input: RuleInput): readonly Claim[] {
  const { listen, metricsPort } = input.config.gateway ?? {}
  const places: readonly (readonly [Path, number | string | undefined])[] = [
    [['gateway', 'listen'], listen],
    [['gateway', 'metricsPort'], metricsPort === undefined ? undefined : `127.0.0.1:${metricsPort}`],
    ...ruleTiers(input).map(([name, tier]) => [['tiers', name, 'gatewayPort'], tier.gatewayPort] as const),
  ]
  return places.flatMap(([path, value]) => {
    if (value === undefined) return []
    const at = listenAddress(value)
    const shown = typeof value === 'number' || at.address === ANY_IPV4 ? String(value) : JSON.stringify(value)
    return [{ ...at, path, shown }]
  })
}
