import { z } from 'zod'
import { MAX_MODEL_NAME } from '../domain/endpoint.ts'
import { printableLine } from '../text/printable-text.ts'
import type { EndpointStatus, ReplicaStatus, StatusReport, TierStatus } from './status-report.ts'

/** The writer of a summary, and its interval. */
export interface SummaryHeader {
  readonly gateway: string
  /** The account that owns the site. */
  readonly account: string
  /** By the writer's clock; only for people. */
  readonly writtenAt: string
  /** Grows with each summary, so that a reader can see without clocks whether it is still written. */
  readonly beat: number
  readonly everySeconds: number
  readonly leaseSeconds: number
}

/** `status/<gateway>.json`: what every account on the cluster may know. */
export type Summary = SummaryHeader & StatusReport

/** Bytes; a thousand replicas with a few models each take half of it. */
export const MAX_SUMMARY_BYTES = 1024 * 1024
const MOST_MODELS = 64
const MOST_PROBLEMS = 100
const MAX_LINE = 500

/**
 * The text of a summary, bounded. It holds no text of an engine, because an engine's last lines may hold prompts, arguments or
 * keys. Of a message it holds the part that Sluice wrote, and it holds no engine's address. A replica that does not fit, or that
 * a reader would refuse, is left out and counted, so that it does not hide the others.
 *
 * @throws when a reader would refuse the rest
 */
export function formatSummary(report: StatusReport, header: SummaryHeader): string {
  const problems = report.problems.slice(0, MOST_PROBLEMS).map(bounded)
  const whole = { version: 1, ...header, ...report, problems }
  let bytes = Buffer.byteLength(JSON.stringify({ ...whole, tiers: report.tiers.map(withoutReplicas) })) + MAX_LINE
  let leftOut = 0
  const tiers = report.tiers.map(tier => {
    const replicas = tier.replicas.map(publicReplica).filter(replica => {
      const size = Buffer.byteLength(JSON.stringify(replica)) + 1
      const isShown = bytes + size <= MAX_SUMMARY_BYTES && replicaSchema.safeParse(replica).success
      if (isShown) bytes += size
      else leftOut += 1
      return isShown
    })
    return { ...tier, replicas }
  })
  const more = leftOut === 0 ? [] : [`${leftOut} replicas are left out because the summary is full`]
  const text = `${JSON.stringify({ ...whole, tiers, problems: [...problems, ...more] })}\n`
  const parsed = parseSummary(text)
  if ('problem' in parsed) throw new Error(`Cannot publish a summary: ${parsed.problem}`)
  return text
}

function withoutReplicas(tier: TierStatus): TierStatus {
  return { ...tier, replicas: [] }
}

function publicReplica(replica: ReplicaStatus): ReplicaStatus {
  const { endpoint } = replica
  if (endpoint === null || endpoint === 'unknown') return replica
  const { notRouted: reasons, ...rest } = endpoint
  const notRouted = reasons?.flatMap(reason => ROUTING_WORDS.exec(reason)?.[0] ?? []).map(bounded)
  const shown: EndpointStatus = {
    ...rest,
    url: null,
    models: endpoint.models.slice(0, MOST_MODELS),
    message: publicMessage(endpoint.message),
    ...(notRouted === undefined || notRouted.length === 0 ? {} : { notRouted }),
  }
  return { ...replica, endpoint: shown }
}

/** The part of an endpoint's message that Sluice wrote; null where there is none. */
export function publicMessage(message: string | null): string | null {
  const own = OWN_WORDS.flatMap(words => words.exec(message ?? '')?.[0] ?? [])[0]
  return own === undefined ? null : bounded(own)
}

/** Each ends before text of an engine or a file. */
const OWN_WORDS: readonly RegExp[] = [
  /^Draining: [\w ,()-]+/,
  /^Copying [\w.-]+ to this node(?:: [\w ,.%]+)?/,
  /^Unwell\b/,
  /^(?:Exited with code \d+|Killed by SIG\w+)/,
  /^Not ready within \d+ s \(loadTimeoutSeconds\)/,
  /^Its job (?:has ended: [A-Z_]+|was requeued and is at run \d+)/,
  /^Slurm no longer has this job/,
]

/**
 * Updaters' own sentences, matched whole (src/programs/updater/routability.ts): the words of a file may begin like them
 * (`Address already in use`), and a node's other addresses may follow them.
 */
const ROUTING_WORDS = new RegExp(
  `^not routed by \\S+: (?:${[
    /Address [\d.:]+ (?:is not loopback, and there is no Slurm|lies outside gateway\.networks|is link-local or loopback)/,
    /Address [\d.:]+ (?:is the gateway's own|is not one of node "[\w.-]+")/,
    /Port \d+ is not one of 1024 to 65535/,
    /Ready without an address/,
    /Node "[\w.-]+" cannot be resolved yet/,
    /Slurm has (?:no job \d+ of ours|not yet said that job \d+ is ours and runs on "[\w.-]+")/,
    /Slurm says that job \d+ is [A-Z_]+/,
    /Job \d+ (?:runs on "[\w.-]+", not on "[\w.-]+"|was requeued: this is its old copy|is being preempted)/,
    /Tier "\w+" is not configured/,
    /The key that it asks for cannot be read yet/,
    /Its beat stands still, and its port does not connect/,
  ]
    .map(words => words.source)
    .join('|')})`,
)

function bounded(text: string): string {
  return printableLine(text).slice(0, MAX_LINE).toWellFormed()
}

const line = z
  .string()
  .max(4 * MAX_LINE)
  .transform(printableLine)
const name = z.string().max(256).transform(printableLine)
const lines = z.array(line).max(MOST_PROBLEMS + 10)
const count = z.int().nonnegative().nullable()
const number = z.number().nullable()
/** Epoch seconds that are a date: ECMA-262, Time Values. */
const moment = z.number().min(0).max(8.64e12).nullable()

const loadSchema = z.object({ running: number, waiting: number, kv: number, prefixHits: number })

const endpointSchema = z.object({
  id: name,
  state: name,
  url: z.null(),
  models: z.array(z.string().max(MAX_MODEL_NAME).transform(printableLine)).max(MOST_MODELS),
  since: name,
  message: line.nullable(),
  routedBy: z.array(name).max(16).nullable(),
  asideBy: z
    .array(z.object({ gateway: name, how: z.enum(['set aside', 'on trial']) }))
    .max(16)
    .exactOptional(),
  notRouted: lines.exactOptional(),
  load: loadSchema.nullable(),
  beatStillMs: number,
})

const replicaSchema = z.object({
  job: name,
  restarts: z.int().nonnegative(),
  node: name.nullable(),
  slurm: z.discriminatedUnion('known', [
    z.object({ known: z.literal(false), why: line }),
    z.object({
      known: z.literal(true),
      state: name,
      reason: line.nullable(),
      queuedSince: moment,
      expectedStart: moment,
    }),
  ]),
  endpoint: z.union([endpointSchema, z.null(), z.literal('unknown')]),
})

const summarySchema = z.object({
  version: z.literal(1),
  gateway: name,
  account: name,
  writtenAt: name,
  beat: z.int().nonnegative(),
  everySeconds: z.number().positive().max(3_600),
  leaseSeconds: z.number().positive().max(36_000),
  site: name,
  tiers: z
    .array(
      z.object({
        ...{ name, path: line.nullable(), url: line.nullable() },
        ...{ pending: count, running: count, ready: count, draining: count },
        replicas: z.array(replicaSchema).max(10_000),
      }),
    )
    .max(1_000),
  gateways: z
    .array(z.object({ name, generation: count, routes: count, beatStillMs: number }))
    .max(100)
    .nullable(),
  problems: lines,
})

/** The content of such a file, or why it cannot be understood. Another account wrote it, so every field is checked. */
export function parseSummary(text: string): Summary | { readonly problem: string } {
  if (Buffer.byteLength(text) > MAX_SUMMARY_BYTES)
    return { problem: `more than the ${MAX_SUMMARY_BYTES} bytes of a summary` }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { problem: 'not JSON' }
  }
  const parsed = summarySchema.safeParse(value)
  if (parsed.success) return parsed.data
  const at = parsed.error.issues[0]
  const version = (value as { version?: unknown } | null)?.version
  if (typeof version === 'number' && version > 1) return { problem: `version ${version} is newer than this sluice` }
  return { problem: `not a summary (${at?.path.join('.') || 'file'}: ${at?.message})` }
}
