import { z } from 'zod'
import { REGISTRY_VERSION } from './endpoint.ts'

/** An operator's request to one run of one job. Each kind has its own keys in the file. */
export type ReplicaRequest = { readonly kind: 'drain' } & DrainRequest

/** An operator's notice: the replica gets no new requests, and its job leaves. */
export interface DrainRequest {
  /** Requeue as the last act, otherwise cancel; `comeBack` in the file. */
  readonly requeue: boolean
  /** The drain's longest duration after the replica has read the request; undefined: until the last answer has ended. */
  readonly withinSeconds: number | undefined
}

/** Also the kind of a file without one: older versions wrote drain requests only. */
const DRAIN = 'drain'

const kindSchema = z.looseObject({
  version: z.literal(REGISTRY_VERSION),
  replica: z.string(),
  kind: z.string().default(DRAIN),
})
const drainSchema = z.looseObject({
  comeBack: z.boolean(),
  withinSeconds: z.number().nonnegative().max(86_400).nullable(),
})

/**
 * `requests/<replica>.json`: written before the batch process of the run is signalled, and read only then; the replica
 * removes it with its other files.
 */
export function formatRequest(replica: string, { kind, requeue, withinSeconds }: ReplicaRequest): string {
  const written = { version: REGISTRY_VERSION, replica, kind, comeBack: requeue, withinSeconds: withinSeconds ?? null }
  return `${JSON.stringify(written, null, 2)}\n`
}

/** A file with a problem requests nothing. */
export function parseRequest(
  text: string,
  replica: string,
): { readonly request: ReplicaRequest } | { readonly problem: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return NOT_A_REQUEST
  }
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined
  if (typeof version === 'number' && version > REGISTRY_VERSION)
    return { problem: `Version ${version} is newer than this sluice understands (${REGISTRY_VERSION})` }
  const asked = kindSchema.safeParse(value).data
  if (asked?.replica !== replica) return NOT_A_REQUEST
  if (asked.kind !== DRAIN) {
    return {
      problem: `It is a request of the kind ${JSON.stringify(asked.kind.slice(0, 64))}; this sluice knows "drain"`,
    }
  }
  const drain = drainSchema.safeParse(value).data
  if (drain === undefined) return NOT_A_REQUEST
  return { request: { kind: DRAIN, requeue: drain.comeBack, withinSeconds: drain.withinSeconds ?? undefined } }
}

const NOT_A_REQUEST = { problem: 'Not a request to this replica' }
