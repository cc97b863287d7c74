import type { Load } from '../domain/load.ts'
import type {
  AsideBy,
  GatewayStatus,
  ReplicaStatus,
  SlurmStatus,
  StatusReport,
  SummaryAge,
  TierStatus,
} from './status-report.ts'
import { formatTable } from './table.ts'

export interface StatusTextOptions {
  /** A moment of Slurm's clock, epoch seconds, in the local format. */
  time(epochSeconds: number): string
  /** A writer is silent when its beat has stood still for longer than this. */
  readonly leaseMs: number
}

/** The report as lines for people. */
export function statusText(report: StatusReport, options: StatusTextOptions): readonly string[] {
  const problems = report.problems.length === 0 ? [] : ['', 'Problems:', ...report.problems.map(line => `  ${line}`)]
  return [
    ...summaryText(report.summary),
    `${report.site}: ${gatewaysText(report.gateways, options)}`,
    ...report.tiers.flatMap(tier => ['', ...tierText(tier, options)]),
    ...buildsText(report),
    ...problems,
  ]
}

function summaryText(summary: SummaryAge | undefined): readonly string[] {
  if (summary === undefined) return []
  const { account, gateway, ageMs, isStale } = summary
  const seconds = Math.max(0, Math.round(ageMs / 1_000))
  const stale = isStale ? 'STALE, no longer written: ' : ''
  return [`${stale}summary by the updater of gateway ${gateway}, ${seconds} s old (${account} sees more)`]
}

/** Which build runs where, if there is more than one. */
function buildsText({ gateways, tiers }: StatusReport): readonly string[] {
  const endpoints = tiers.flatMap(({ replicas }) =>
    replicas.flatMap(({ endpoint }) => (endpoint === null || endpoint === 'unknown' ? [] : [endpoint])),
  )
  const users = [
    ...(gateways ?? []).map(({ name, build }) => ({ who: `gateway ${name}`, build })),
    ...endpoints.map(({ id, build }) => ({ who: id, build })),
  ]
  const byBuild = Map.groupBy(users, user => user.build ?? 'an older Sluice')
  if (byBuild.size < 2) return []
  return ['', 'Builds:', ...[...byBuild].map(([build, of]) => `  ${build}: ${of.map(one => one.who).join(', ')}`)]
}

/** One line for each replica, to be compared with the lines of the look before. */
export function statusLines(report: StatusReport, options: StatusTextOptions): ReadonlyMap<string, string> {
  const rows = report.tiers.flatMap(tier => tier.replicas.map(replica => ({ tier: tier.name, replica })))
  return new Map(
    rows.map(({ tier, replica }) => {
      const { node, slurm, endpoint, state, silence, routed, message } = cellsOf(replica, options)
      const key = `${tier} ${replica.job}/${replica.restarts} ${endpoint}`
      // The duration of a silence is left out, because each look would be a change.
      const shownState = silence === '' ? state : `${state}, silent`
      const words = [tier, replica.job, node, slurm, endpoint, shownState, routed && `routed by ${routed}`, message]
      return [key, words.filter(Boolean).join('  ')]
    }),
  )
}

function gatewaysText(gateways: readonly GatewayStatus[] | null, options: StatusTextOptions): string {
  if (gateways === null) return 'gateways unknown'
  if (gateways.length === 0) return 'no gateway routes here'
  return gateways
    .map(({ name, generation, routes, beatStillMs }) => {
      const silence = silent(beatStillMs, options)
      const known = generation === null ? 'unknown' : `generation ${generation}, ${routes} routed`
      return `gateway ${name} ${known}${silence}`
    })
    .join('; ')
}

function tierText(tier: TierStatus, options: StatusTextOptions): readonly string[] {
  const where = tier.path === null ? 'not in the configuration' : tier.path
  const counts = [
    `${shown(tier.pending)} pending`,
    `${shown(tier.running)} running`,
    `${shown(tier.ready)} ready`,
    `${shown(tier.draining)} draining`,
  ]
  const rows = tier.replicas.map(replica => {
    const { node, slurm, endpoint, state, silence, routed, load, since, message } = cellsOf(replica, options)
    return [replica.job, node, slurm, endpoint, `${state}${silence}`, routed, load, since, message]
  })
  return [
    `${tier.name} (${where}): ${counts.join(', ')}`,
    ...servedText(tier),
    ...(rows.length === 0 ? [] : formatTable(HEAD, rows).map(line => `  ${line}`)),
  ]
}

/** Its URL, and the models that clients may ask for. */
function servedText({ url, replicas }: TierStatus): readonly string[] {
  const models = replicas.flatMap(({ endpoint }) =>
    endpoint !== null && endpoint !== 'unknown' && endpoint.state === 'ready' ? endpoint.models : [],
  )
  if (url === null && models.length === 0) return []
  const names = [...new Set(models)]
  const more = names.length > MOST_MODELS ? ` and ${names.length - MOST_MODELS} more` : ''
  const asked = names.length === 0 ? '' : `models ${names.slice(0, MOST_MODELS).join(', ')}${more}`
  return [`  ${[url ?? [], asked || []].flat().join(', ')}`]
}

/** A llama.cpp router may have hundreds. */
const MOST_MODELS = 10

const HEAD = ['JOB', 'NODE', 'SLURM', 'ENDPOINT', 'STATE', 'ROUTED BY', 'LOAD', 'SINCE', 'MESSAGE']

function cellsOf({ node, slurm, restarts, endpoint }: ReplicaStatus, options: StatusTextOptions) {
  const place = { node: node ?? '–', slurm: slurmText(slurm, restarts, options) }
  if (endpoint === null || endpoint === 'unknown') {
    const none = endpoint === null ? '–' : 'unknown'
    return { ...place, endpoint: none, state: none, silence: '', routed: '', load: '', since: '', message: '' }
  }
  const { id, routedBy, asideBy, notRouted = [], load, since, message, beatStillMs } = endpoint
  return {
    ...place,
    endpoint: id,
    state: [endpoint.state, ...(asideBy ?? []).map(asideText)].join(', '),
    silence: silent(beatStillMs, options),
    routed: routedBy === null ? 'unknown' : routedBy.join(', ') || '–',
    load: loadText(load),
    since: since.replace(/\.\d+Z$/, 'Z'),
    message: [message ?? [], notRouted].flat().join('; ').replaceAll(/\s+/g, ' '),
  }
}

function asideText({ gateway, how }: AsideBy): string {
  return how === 'set aside'
    ? `set aside by ${gateway}: its answers fail`
    : `on trial at ${gateway}: its answers failed`
}

function slurmText(slurm: SlurmStatus, restarts: number, { time }: StatusTextOptions): string {
  if (!slurm.known) return 'unknown'
  const { state, reason, queuedSince, expectedStart } = slurm
  return [
    reason === null ? state : `${state} (${reason})`,
    ...(queuedSince === null ? [] : [`since ${time(queuedSince)}`]),
    ...(expectedStart === null ? [] : [`expected ${restarts > 0 ? 'back ' : ''}${time(expectedStart)}`]),
  ].join(', ')
}

/** Running and waiting requests, the use of the KV cache and its prefix hits; – where the engine does not report it. */
function loadText(load: Load | null): string {
  if (load === null || Object.values(load).every(one => one === null)) return '–'
  const share = (what: string, one: number | null) => (one === null ? '' : `, ${what} ${Math.round(one * 100)} %`)
  const { running, waiting, kv, prefixHits } = load
  return `${running ?? '–'} running, ${waiting ?? '–'} waiting${share('KV', kv)}${share('prefix hits', prefixHits)}`
}

function silent(stillMs: number | null, { leaseMs }: StatusTextOptions): string {
  return stillMs === null || stillMs < leaseMs ? '' : `, silent for ${Math.round(stillMs / 1_000)} s`
}

function shown(count: number | null): string {
  return count === null ? 'unknown' : String(count)
}
