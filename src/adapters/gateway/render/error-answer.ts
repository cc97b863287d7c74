import type { GatewayTier, Waiting } from '../../../core/domain/gateway-model.ts'

/** The body of the gateway's own answers, in the format of OpenAI's API. */
export function errorBody(type: ErrorType, code: string, message: string): string {
  return JSON.stringify({ error: { message, type, param: null, code } })
}

type ErrorType = 'invalid_request_error' | 'server_error' | 'service_unavailable'

/** nginx keeps larger bodies in files; 64 MiB is a prompt of 10 M tokens, or about forty images. */
export const MAX_BODY_MEBIBYTES = 64

/**
 * Simultaneous requests whose bodies may be in files. Multiplied by MAX_BODY_MEBIBYTES, all clients together can use 8 GiB of the
 * gateway's disk.
 */
export const LARGE_BODIES = 128

/** The limit of such requests for one client address. */
export const LARGE_BODIES_PER_CLIENT = LARGE_BODIES / 2

interface Refusal {
  readonly status: number
  readonly answer: number
  readonly body: string
  /** Retry-After in seconds; false: no header. */
  readonly retryAfter: number | false
}

/** Refusals before a tier is found; `answer` is the client's status for nginx's own `status`. */
export const REFUSALS: readonly Refusal[] = [
  refusal(400, 'bad_request', 'The request is not valid HTTP'),
  refusal(404, 'unknown_path', 'Nothing is served at this path'),
  refusal(405, 'method_not_allowed', 'This method is not allowed'),
  refusal(413, 'request_too_large', `The request is larger than ${MAX_BODY_MEBIBYTES} MiB`),
  refusal(414, 'uri_too_long', 'The request line is too long'),
  {
    ...refusal(429, 'too_many_requests', 'Too many requests at once from this address, or too many large ones in all'),
    retryAfter: 5,
  },
  // nginx's own name for header lines that exceed large_client_header_buffers.
  { ...refusal(494, 'headers_too_large', 'The request headers are too large'), answer: 431 },
  refusal(500, 'internal_error', 'The gateway failed; its error log has the reason'),
  refusal(501, 'not_implemented', 'The gateway does not understand this transfer encoding'),
  refusal(505, 'http_version', 'The gateway does not speak this version of HTTP'),
]

function refusal(status: number, code: string, message: string): Refusal {
  return {
    status,
    answer: status,
    retryAfter: false,
    body: errorBody(status < 500 ? 'invalid_request_error' : 'server_error', code, message),
  }
}

/** For a tier without endpoints: 503, with a Retry-After where another try may help. */
export function unavailable({ name, waiting, retryAfterSeconds }: GatewayTier): {
  readonly body: string
  readonly retryAfterSeconds: number | undefined
} {
  const [code, what] = codeAndMessage(name, waiting)
  const seconds = secondsOf(waiting ?? { retryAfterSeconds })
  const message = seconds === undefined ? what : `${what}; try again in ${seconds} s`
  return { body: errorBody('service_unavailable', code, message), retryAfterSeconds: seconds }
}

function secondsOf(waiting: Waiting | { readonly retryAfterSeconds: number }): number | undefined {
  return 'retryAfterSeconds' in waiting ? Math.ceil(waiting.retryAfterSeconds) : undefined
}

/** The code, which clients may rely on, and the words. */
function codeAndMessage(tier: string, waiting: Waiting | undefined): readonly [string, string] {
  switch (waiting?.kind) {
    case undefined:
      return ['tier_unavailable', `No engine of ${tier} is running`]
    case 'loading': {
      const since = waiting.since === undefined ? '' : ` since ${waiting.since.slice(11)}`
      return ['tier_loading', `A replica of ${tier} (job ${waiting.job}) has been loading${since}`]
    }
    case 'queued': {
      const start = waiting.start === undefined ? '' : `; Slurm expects it to start at ${waiting.start}`
      return ['tier_queued', `A replica of ${tier} (job ${waiting.job}) is queued. ${waiting.why}${start}`]
    }
    case 'unrouted':
      return ['tier_not_routed', `A replica of ${tier} is ready, and is not routed yet; sluice status shows why`]
    case 'leaving':
      return ['tier_leaving', `The last replica of ${tier} is leaving, and accepts no new requests`]
    case 'failed':
      return [
        'tier_failed',
        `No engine of ${tier} is running: job ${waiting.job} has failed. Its operator can find the cause and the fix with: sluice explain ${waiting.job}`,
      ]
    case 'none':
      return [
        'tier_not_submitted',
        `No replica of ${tier} is submitted. Its operator can submit one with: sluice submit ${tier}`,
      ]
  }
}

/** For a request that no engine accepted, so that it was never delivered: 503. */
export function unreachableBody(tier: GatewayTier): string {
  const message = `No engine of ${tier.name} can be reached; try again in ${tier.retryAfterSeconds} s`
  return errorBody('service_unavailable', 'tier_unreachable', message)
}

/**
 * For a request that engines accepted and did not answer: 502. It is not tried a third time ("two deliveries at most",
 * docs/design/rules.md).
 */
export function failedBody(tier: GatewayTier): string {
  const message = `The engines of ${tier.name} that received this request died during it or did not answer in time`
  return errorBody('server_error', 'engine_failed', message)
}

/** For a path of no tier: 404. */
export function unknownPathBody(tiers: readonly GatewayTier[]): string {
  const paths = tiers.slice(0, MAX_PATHS).map(tier => tier.path)
  if (tiers.length > MAX_PATHS) paths.push('…')
  const served = paths.length === 0 ? 'no tier yet' : paths.join(', ')
  return errorBody(
    'invalid_request_error',
    'unknown_path',
    `Nothing is served at this path; this gateway serves ${served}`,
  )
}

// Keeps the body within what nginx reads as one parameter.
const MAX_PATHS = 20
