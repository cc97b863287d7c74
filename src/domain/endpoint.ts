import { z } from 'zod'
import { FINGERPRINT } from './engine-key.ts'

const ENDPOINT_STATES = ['starting', 'loading', 'ready', 'draining', 'failed'] as const
export type EndpointState = (typeof ENDPOINT_STATES)[number]

/** The version of endpoint, beat and routes files that this program writes and reads. */
export const REGISTRY_VERSION = 1

/** Bytes; a larger endpoint file is a problem, not an endpoint (rule 9). */
export const MAX_ENDPOINT_BYTES = 64 * 1024

const name = z.string().regex(/^[a-z][a-z0-9_]{0,31}$/)
const hostName = z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/)
// What people and clients are shown: bounded, and without control characters that could forge a line of a log.
const shown = (limit: number) =>
  z
    .string()
    .max(limit)
    .regex(/^[^\p{Cc}\u2028\u2029]*$/u)

/** Characters of an endpoint's `message`. */
const MAX_MESSAGE = 4096

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
  // Fingerprint of the key that its engine asks for; absent: it asks for none.
  key: z.string().regex(FINGERPRINT, 'must be the fingerprint of a key').optional(),
  models: z.array(shown(512)).max(1000),
  serves: z.array(shown(64)).max(16),
  job: z.looseObject({
    id: z.string().regex(/^\d{1,10}$/),
    restarts: z.int().nonnegative(),
    name: shown(256),
    node: hostName,
  }),
  processes: z.array(z.looseObject({ role: shown(64), pid: z.int().positive(), node: hostName })).max(1000),
  since: shown(64),
  message: shown(MAX_MESSAGE).nullable(),
  // Ready, and its health says otherwise: others of its tier are asked first.
  unwell: z.boolean().optional(),
})

/** One engine answering at one address, as `endpoints/<id>.json` holds it. Fields that are not known are kept. */
export type Endpoint = Readonly<z.infer<typeof endpointSchema>>

/** `tier-job-restarts-index`: no two incarnations share an id. */
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

/** A file name in endpoints/ that can be an endpoint's: `<id>.json` of the closed alphabet (rule 9). */
export const ENDPOINT_FILE = /^([a-z][a-z0-9_]{0,31}-\d{1,10}-\d{1,6}-\d{1,4})\.json$/

/** Text of any origin, such as the last lines of a log, as an endpoint's `message` may hold it: one line, its middle cut out. */
export function toMessage(text: string): string {
  const line = text.replaceAll(/\s*[\p{Cc}\u2028\u2029]+\s*/gu, ' | ')
  return line.length <= MAX_MESSAGE ? line : `${line.slice(0, MAX_MESSAGE / 4)} … ${line.slice(-MAX_MESSAGE / 2)}`
}

export function formatEndpoint(endpoint: Endpoint): string {
  return `${JSON.stringify(endpoint, null, 2)}\n`
}

/**
 * Reads the text of `endpoints/<id>.json`. Anything that is not a whole endpoint of version 1 whose fields agree with
 * its file's name is a problem in words; the address is checked for its form only, `gateway.networks` later.
 */
export function parseEndpoint(text: string, id: string): { endpoint: Endpoint } | { problem: string } {
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

/** Where an endpoint answers; undefined before its engine has an address. */
export function addressOf(endpoint: Endpoint): { address: string; port: number } | undefined {
  if (endpoint.url === null) return undefined
  const [address = '', port = ''] = endpoint.url.slice('http://'.length).split(':')
  return { address, port: Number(port) }
}
