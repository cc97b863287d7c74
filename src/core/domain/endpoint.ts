import { z } from 'zod'
import { withoutSequences } from '../text/printable-text.ts'
import { FINGERPRINT } from './engine-key.ts'

const ENDPOINT_STATES = ['starting', 'loading', 'ready', 'draining', 'failed'] as const
export type EndpointState = (typeof ENDPOINT_STATES)[number]

/** The version of endpoint, beat and routes files that this program writes and reads. */
export const REGISTRY_VERSION = 1

/**
 * Bytes; a larger endpoint file is a problem, not an endpoint ("nothing unvalidated reaches nginx",
 * docs/design/rules.md).
 */
export const MAX_ENDPOINT_BYTES = 64 * 1024

/** Of a site, tier or gateway; the configuration allows the same (config/schema.ts). */
export const NAME = /^[a-z][a-z0-9_]{0,31}$/
const name = z.string().regex(NAME)
/** Slurm allows an underscore in a node's name; DNS does not. */
const hostName = z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,252}[A-Za-z0-9])?$/)
/** Text that people and clients see: without control characters that could forge a log line, and without half characters. */
export const SHOWN = /^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u
const shown = (limit: number) => z.string().max(limit).regex(SHOWN)

/** Characters of an endpoint's `message`. */
const MAX_MESSAGE = 4096
/** Characters of a job's name. */
const MAX_JOB_NAME = 256
/** Characters of the problem of an invalid file, which may quote that file. */
const MAX_PROBLEM = 500
/** Characters of a model's name. */
export const MAX_MODEL_NAME = 512
/** Models of one endpoint, and processes. */
const MAX_LIST = 1000

const endpointSchema = z.looseObject({
  version: z.literal(REGISTRY_VERSION),
  id: z.string(),
  tier: name,
  engine: shown(64),
  state: z.enum(ENDPOINT_STATES),
  // Null until the engine has an address.
  url: z
    .string()
    .regex(/^http:\/\/(\d{1,3}\.){3}\d{1,3}:\d{4,5}$/, 'must be http://IPv4:port')
    .nullable(),
  // Fingerprint of the key that its engine requires; absent: it requires none.
  key: z.string().regex(FINGERPRINT, 'must be the fingerprint of a key').optional(),
  models: z.array(shown(MAX_MODEL_NAME)).max(MAX_LIST),
  serves: z.array(shown(64)).max(16),
  job: z.looseObject({
    id: z.string().regex(/^\d{1,10}$/),
    restarts: z.int().nonnegative(),
    name: shown(MAX_JOB_NAME),
    node: hostName,
  }),
  processes: z.array(z.looseObject({ role: shown(64), pid: z.int().positive(), node: hostName })).max(MAX_LIST),
  since: shown(64),
  message: shown(MAX_MESSAGE).nullable(),
  // The build of its supervisor, as `sluice install` names it; absent: an older supervisor.
  build: shown(128).optional().catch(undefined),
  // Ready with bad health: others of its tier are asked first.
  unwell: z.boolean().optional(),
})

/** One engine at one address, as in `endpoints/<id>.json`. Unknown fields are kept. */
export type Endpoint = Readonly<z.infer<typeof endpointSchema>>

/** `tier-job-restarts-index`: each run of a job has another id. */
export function endpointId(of: { tier: string; jobId: string; restarts: number; index: number }): string {
  return `${of.tier}-${of.jobId}-${of.restarts}-${of.index}`
}

/** `tier-job-restarts`: one run of one job, which may hold several endpoints. */
export function replicaId(of: { tier: string; jobId: string; restarts: number }): string {
  return `${of.tier}-${of.jobId}-${of.restarts}`
}

/** The replica that an endpoint's id belongs to. */
export function replicaOf(id: string): string {
  return id.slice(0, id.lastIndexOf('-'))
}

/**
 * A file name in endpoints/ that can be an endpoint's: `<id>.json` of the closed alphabet
 * ("nothing unvalidated reaches nginx", docs/design/rules.md).
 */
export const ENDPOINT_FILE = /^([a-z][a-z0-9_]{0,31}-\d{1,10}-\d{1,6}-\d{1,4})\.json$/

/** Text of any origin, such as the last lines of a log, as one line for an endpoint's `message`; its middle is cut out if it is long. */
export function toMessage(text: string): string {
  const line = withoutSequences(text)
    .toWellFormed()
    .replaceAll(/\s*[\p{Cc}\u2028\u2029]+\s*/gu, ' | ')
  if (line.length <= MAX_MESSAGE) return line
  // A cut may go through the middle of a character.
  return `${line.slice(0, MAX_MESSAGE / 4)} … ${line.slice(-MAX_MESSAGE / 2)}`.toWellFormed()
}

/**
 * The text of `endpoints/<id>.json` in a form that every reader accepts: long lists are cut, unprintable names of models are left
 * out, and the message reports that.
 *
 * @throws when a reader would refuse it all the same.
 */
export function formatEndpoint(endpoint: Endpoint): string {
  const text = JSON.stringify(presentable(endpoint), null, 2)
  const parsed = parseEndpoint(text, endpoint.id)
  if ('problem' in parsed) throw new Error(`Cannot publish ${endpoint.id}: ${parsed.problem}`)
  return `${text}\n`
}

function presentable(published: Endpoint): Endpoint {
  const endpoint = withName(published)
  const shown = endpoint.models.filter(model => model.length <= MAX_MODEL_NAME && SHOWN.test(model))
  const models = shown.slice(0, fitting(shown))
  const processes = endpoint.processes.slice(0, MAX_LIST)
  const problems = [
    leftOut(endpoint.models.length - shown.length, 'models whose names cannot be shown'),
    leftOut(shown.length - models.length, 'models that are too many'),
    leftOut(endpoint.processes.length - processes.length, 'processes that are too many'),
  ].filter(problem => problem !== undefined)
  if (problems.length === 0) return endpoint
  const message = toMessage([endpoint.message, ...problems].filter(part => part !== null).join('; '))
  return { ...endpoint, models, processes, message }
}

/** A job's name may be any text. */
function withName(endpoint: Endpoint): Endpoint {
  const { name } = endpoint.job
  if (name.length <= MAX_JOB_NAME && SHOWN.test(name)) return endpoint
  return { ...endpoint, job: { ...endpoint.job, name: toMessage(name).slice(0, MAX_JOB_NAME).toWellFormed() } }
}

/** How many of the names, from the first on, fit into the file. */
function fitting(models: readonly string[]): number {
  let bytes = 0
  const end = models.findIndex((model, index) => {
    bytes += Buffer.byteLength(JSON.stringify(model)) + LIST_INDENT
    return index >= MAX_LIST || bytes > MAX_MODELS_BYTES
  })
  return end === -1 ? models.length : end
}

/** Before and behind an element, as it is printed. */
const LIST_INDENT = 6
/** Leaves room for a whole message, and for a worker on each of a hundred nodes. */
const MAX_MODELS_BYTES = MAX_ENDPOINT_BYTES / 2

function leftOut(count: number, of: string): string | undefined {
  return count === 0 ? undefined : `Left out ${of}: ${count}`
}

/**
 * Reads the text of `endpoints/<id>.json`. The result is a problem in words unless the text is a whole endpoint of version 1 that
 * agrees with the file's name. Only the form of the address is checked here; `gateway.networks` is checked later.
 */
export function parseEndpoint(text: string, id: string): { endpoint: Endpoint } | { problem: string } {
  const parsed = parse(text, id)
  return 'problem' in parsed ? { problem: parsed.problem.slice(0, MAX_PROBLEM) } : parsed
}

function parse(text: string, id: string): { endpoint: Endpoint } | { problem: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { problem: text.trim() === '' ? 'Empty file' : 'Not JSON (torn, or not an endpoint file)' }
  }
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined
  if (typeof version === 'number' && version > REGISTRY_VERSION) {
    return { problem: `Version ${version} is newer than this sluice understands (${REGISTRY_VERSION}); update it here` }
  }
  const parsed = endpointSchema.safeParse(value)
  if (!parsed.success) {
    return {
      problem: parsed.error.issues.map(issue => `${issue.path.join('.') || 'file'}: ${issue.message}`).join('; '),
    }
  }
  const endpoint = parsed.data
  const index = Number(id.slice(id.lastIndexOf('-') + 1))
  const { tier, job } = endpoint
  const named = endpointId({ tier, jobId: job.id, restarts: job.restarts, index })
  if (endpoint.id !== id || named !== id) {
    return {
      problem: `The file's name and its fields disagree: id ${JSON.stringify(endpoint.id)}, fields give "${named}"`,
    }
  }
  return { endpoint }
}

/** The address of an endpoint; undefined before its engine has one. */
export function addressOf(endpoint: Endpoint): { address: string; port: number } | undefined {
  if (endpoint.url === null) return undefined
  const [address = '', port = ''] = endpoint.url.slice('http://'.length).split(':')
  return { address, port: Number(port) }
}
