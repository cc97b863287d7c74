import { z } from 'zod'
import { parseIpv4 } from '../../../core/domain/address.ts'
import { MAX_MODEL_NAME, SHOWN } from '../../../core/domain/endpoint.ts'
import { FINGERPRINT } from '../../../core/domain/engine-key.ts'
import type { GatewayModel } from '../../../core/domain/gateway-model.ts'
import { canonicalListen, listensOf, listenText, overlaps, readListen } from '../../../core/domain/listen-address.ts'
import { LISTED_PATH } from './path-list.ts'

const port = z.int().min(1024, 'must be 1024 or above').max(65535, 'must be 65535 or below')
/** A port, or an address with a port in the canonical spelling. */
const listen = z.union([port, z.string().refine(isCanonical, { abort: true })], {
  error: ({ input }) => {
    if (typeof input !== 'number') return 'must be a port, or an address with one'
    return input < 1024 ? 'must be 1024 or above' : 'must be 65535 or below'
  },
})
const seconds = z.number().positive().max(86_400)

const server = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/, 'must be an endpoint id'),
  address: z.string().refine(text => parseIpv4(text) !== undefined, 'must be an IPv4 address'),
  port,
  key: z.string().regex(FINGERPRINT, 'must be the fingerprint of a key').exactOptional(),
  backup: z.literal(true).exactOptional(),
  trial: z.literal(true).exactOptional(),
})

const job = z.string().regex(/^\d{1,10}$/, 'must be the number of a job')
const time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'must be a time')

const waiting = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('loading'), job, since: time.exactOptional(), retryAfterSeconds: seconds }),
  z.strictObject({
    kind: z.literal('queued'),
    job,
    why: z
      .string()
      .max(400)
      .regex(/^[\x20-\x23\x25-\x7e]*$/, 'must be plain text'),
    start: time.exactOptional(),
    retryAfterSeconds: seconds,
  }),
  z.strictObject({ kind: z.enum(['unrouted', 'leaving']), retryAfterSeconds: seconds }),
  z.strictObject({ kind: z.literal('failed'), job }),
  z.strictObject({ kind: z.literal('none') }),
])

const tier = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]{0,31}$/, 'must be a tier name'),
  path: z
    .string()
    .regex(/^\/(?:[A-Za-z0-9_][A-Za-z0-9_.~-]*\/)*$/, 'must start and end with / and hold plain segments')
    .refine(path => !path.startsWith('/_sluice/'), "must not start with /_sluice/, which is the gateway's own"),
  port: listen.exactOptional(),
  paths: z.array(z.string().max(256).regex(LISTED_PATH, 'must be a path of plain segments')).max(512).exactOptional(),
  models: z
    .array(z.string().min(1).max(MAX_MODEL_NAME).regex(SHOWN, 'must be the name of a model'))
    .max(1000)
    .exactOptional(),
  loadsModels: z.literal(true).exactOptional(),
  readTimeoutSeconds: seconds,
  retryAfterSeconds: seconds,
  servers: z.array(server),
  waiting: waiting.exactOptional(),
})

const gateway = z.strictObject({
  listen,
  connectionsPerClient: z.int().positive().max(1_000_000).exactOptional(),
  tiers: z.array(tier),
})

const schema = gateway.superRefine((model, context) => {
  const ports = model.tiers.flatMap(one => (one.port === undefined || one.port === model.listen ? [] : [one.port]))
  for (const [what, values] of [
    ['tier name', model.tiers.map(one => one.name)],
    ['path', model.tiers.map(one => one.path)],
    ['port', ports],
  ] as const) {
    const repeated = firstRepeated(values)
    if (repeated !== undefined) context.addIssue(`two tiers have the ${what} ${JSON.stringify(repeated)}`)
  }
  const places = listensOf(model)
  for (const [index, one] of places.entries()) {
    const other = places.slice(0, index).find(before => overlaps(before, one))
    if (other !== undefined) context.addIssue(`${listenText(other)} and ${listenText(one)} overlap`)
  }
})

function isCanonical(text: string): boolean {
  return !('fix' in readListen(text)) && canonicalListen(text) === text
}

function firstRepeated(values: readonly unknown[]): unknown {
  return values.find((value, index) => values.indexOf(value) !== index)
}

/**
 * The last check before a value becomes a line of nginx's configuration ("nothing unvalidated reaches nginx",
 * docs/design/rules.md). Every value is checked again, against what the templates can contain.
 *
 * @throws with every problem in one line.
 */
export function checkGatewayModel(value: unknown): GatewayModel {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const found = parsed.error.issues.map(issue => [...issue.path, issue.message].join(' ')).join('; ')
  throw new Error(`Cannot render the gateway: ${found}`)
}
