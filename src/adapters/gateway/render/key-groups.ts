import type { GatewayServer } from '../../../core/domain/gateway-model.ts'

/**
 * Servers of one tier that require the same key; those on trial are separate. Each group is an upstream of its own, because nginx
 * writes a request's headers before it chooses the server. There is more than one group only while engines with different keys
 * run, or an engine is on trial.
 */
export interface KeyGroup {
  /** Its fingerprint; undefined: they require none. */
  readonly key: string | undefined
  readonly servers: readonly GatewayServer[]
}

/** Sorted by key, those without a key first; sixteen at most, far more than a site has. */
export function groupByKey(servers: readonly GatewayServer[]): readonly KeyGroup[] {
  const groups = Map.groupBy(servers, ({ key = '', trial }) => `${key} ${trial === true ? 'trial' : ''}`)
  return [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([, servers]) => ({ key: servers[0]?.key, servers }))
    .slice(0, DIGITS.length)
}

/**
 * For each group the hexadecimal digits of a random number with which a request goes to it: in proportion to its servers, and at
 * least one. Backups and servers on trial count only if there are no others.
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
