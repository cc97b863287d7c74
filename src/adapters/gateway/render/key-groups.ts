import type { GatewayServer } from '../../../core/domain/gateway-model.ts'

/**
 * Servers of one tier that ask for the same key, those on trial apart. Each group is an upstream of its own, because nginx
 * writes a request's headers before it chooses the server. There is one, unless engines run that were started with another
 * key, or one is on trial.
 */
export interface KeyGroup {
  /** Its fingerprint; undefined: they ask for none. */
  readonly key: string | undefined
  readonly servers: readonly GatewayServer[]
}

/** In an order that depends on nothing but the keys, those without one first; sixteen at most, which no site comes near. */
export function groupByKey(servers: readonly GatewayServer[]): readonly KeyGroup[] {
  const groups = Map.groupBy(servers, ({ key = '', trial }) => `${key} ${trial === true ? 'trial' : ''}`)
  return [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, servers]) => ({ key: servers[0]?.key, servers }))
    .slice(0, DIGITS.length)
}

/**
 * For each group the hexadecimal digits of a random number by which a request goes to it: as many as its share of the
 * servers, and at least one. Where there are others, backups and those on trial count for nothing.
 */
export function digitsOf(groups: readonly KeyGroup[]): readonly string[] {
  const hasOthers = groups.some(({ servers }) => servers.some(isFull))
  const countOf = ({ servers }: KeyGroup) => (hasOthers ? servers.filter(isFull) : servers).length
  const total = groups.reduce((sum, group) => sum + countOf(group), 0)
  const spare = DIGITS.length - groups.length
  let counted = 0
  let start = 0
  return groups.map((group, index) => {
    counted += countOf(group)
    const end = index + 1 + Math.round((spare * counted) / total)
    const digits = DIGITS.slice(start, end)
    start = end
    return digits
  })
}

function isFull({ backup, trial }: GatewayServer): boolean {
  return backup !== true && trial !== true
}

const DIGITS = '0123456789abcdef'
