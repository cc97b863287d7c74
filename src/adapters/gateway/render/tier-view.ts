import type { GatewayServer, GatewayTier } from '../../../core/domain/gateway-model.ts'
import { failedBody, unavailable, unreachableBody } from './error-answer.ts'
import { digitsOf, groupByKey, type KeyGroup } from './key-groups.ts'
import { keyVariable } from './keys-file.ts'
import { nginxString } from './nginx-string.ts'
import { pathPatterns } from './path-list.ts'

/**
 * `path` is where the tier stands in one server; at `/` the request line needs no change. A tier's variables have its index
 * and not its name, because nginx takes variables of 46 bytes and no more (variables_hash_bucket_size).
 */
export function tierViewOf(
  tier: GatewayTier,
  path: string,
  { names, keys, index, byModel }: { names: string; keys: readonly string[]; index: number; byModel: boolean },
): object {
  const isPrefixed = path !== '/'
  const clientPath = `$${names}_${isPrefixed ? 'p' : 'q'}${index}`
  const groups = groupByKey(tier.servers)
  const upstream = `${names}-${tier.name}`
  const empty = unavailable(tier)
  const authorization = (group: KeyGroup | undefined) =>
    group?.key === undefined ? '""' : keyVariable(names, keys, group.key)
  const one = { target: upstream, authorization: authorization(groups[0]) }
  const isHalved = groups.length === 1 && tier.servers.length > 1
  const other = { ...one, target: `$${names}_o${index}` }
  const [first, second] = ['u', 'v'].map(letter => ({
    target: `${upstream}-$${names}_${letter}${index}`,
    authorization: `$${names}_${letter}${index}k`,
  }))
  return {
    name: tier.name,
    path,
    prefix: isPrefixed,
    bare: isPrefixed && path.slice(0, -1),
    clientPath,
    byModel,
    rootPath: `$${names}_q${index}`,
    pathMaps: [path, ...(isPrefixed && (byModel || tier.port !== undefined) ? ['/'] : [])].map(place => ({
      clientPath: `$${names}_${place === '/' ? 'q' : 'p'}${index}`,
      patterns: pathPatterns(place.slice(0, -1), tier.paths ?? []).map(pattern => `"${pattern}"`),
    })),
    readTimeout: Math.ceil(tier.readTimeoutSeconds),
    todayTimeout: 2 * Math.ceil(tier.readTimeoutSeconds) + TODAY_SECONDS,
    retryAfter: Math.ceil(tier.retryAfterSeconds),
    empty: tier.servers.length === 0,
    upstream: tier.servers.length > 0,
    upstreams: [
      ...groups.map(({ servers }, place) =>
        upstreamView(groups.length === 1 ? upstream : `${upstream}-${place}`, servers),
      ),
      ...(isHalved ? [0, 1].map(half => upstreamView(`${upstream}-other${half}`, preferHalf(tier.servers, half))) : []),
    ],
    halves: isHalved && {
      index,
      upstream,
      odd: tier.servers.filter((_, place) => place % 2 === 1).map(({ address, port }) => endsWith(address, port)),
    },
    first: groups.length === 1 ? one : first,
    second: groups.length > 1 ? second : isHalved ? other : one,
    choice: groups.length > 1 && {
      index,
      groups: groups.map((group, place) => ({
        place,
        next: (place + 1) % groups.length,
        digits: digitsOf(groups)[place],
        authorization: authorization(group),
      })),
    },
    unavailable: nginxString(empty.body),
    emptyRetryAfter: empty.retryAfterSeconds ?? false,
    unreachable: nginxString(unreachableBody(tier)),
    failed: nginxString(failedBody(tier)),
  }
}

function upstreamView(upstreamName: string, servers: readonly GatewayServer[]): object {
  return {
    upstreamName,
    servers: serverViews(servers),
    zoneKilobytes: ZONE_KILOBYTES + servers.length * PEER_KILOBYTES,
  }
}

/** Every second server, from the first or the second on; the others are reached only where none of these connects. */
function preferHalf(servers: readonly GatewayServer[], half: number): readonly GatewayServer[] {
  return servers.map((server, place) => (place % 2 === half ? server : { ...server, backup: true }))
}

/** Of `$upstream_addr`, whose last word is the server that had the request last. */
function endsWith(address: string, port: number): string {
  return `"~(?:^| )${address.replaceAll('.', '\\.')}:${port}$"`
}

/** nginx refuses an upstream that has nothing but backups. */
function serverViews(servers: readonly GatewayServer[]): readonly object[] {
  const hasOthers = servers.some(server => server.backup !== true)
  return servers.map(({ id, address, port, backup }) => ({
    ...{ id, address, port },
    backup: hasOthers && backup === true ? ' backup' : '',
  }))
}

// Connect time of a request that is passed on: twice proxy_next_upstream_timeout, plus a margin.
const TODAY_SECONDS = 30

// An upstream's shared memory: its own pages, and what one peer takes of them, rounded up twofold.
const ZONE_KILOBYTES = 64
const PEER_KILOBYTES = 2
