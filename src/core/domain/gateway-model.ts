import type { Listen } from './listen-address.ts'

/**
 * Everything that one generation of the gateway's nginx is rendered from. Two equal models render equal files but
 * for the generation's number, so comparing models decides whether a reload is needed.
 */
export interface GatewayModel {
  /** What serves every tier below its path. */
  readonly listen: Listen
  /** Requests that one client address may have at once; absent: any number. */
  readonly connectionsPerClient?: number
  readonly tiers: readonly GatewayTier[]
}

export interface GatewayTier {
  readonly name: string
  /** Starts and ends with `/`; removed from the request's path before the engine sees it. */
  readonly path: string
  /** A port of the tier's own, or an address with one, at which it answers at `/`; absent or equal to `listen`: none. */
  readonly port?: Listen
  /** What clients may ask for, below `path`, with `{id}` and `{model}` (`LISTED_PATH`); all else is 404. Absent: nothing. */
  readonly paths?: readonly string[]
  /** Names of models by which clients of `listen` reach it, each once; absent: none. */
  readonly models?: readonly string[]
  /** Longest silence of an engine within an answer, seconds. */
  readonly readTimeoutSeconds: number
  /** What clients of an empty tier are told to wait, seconds. */
  readonly retryAfterSeconds: number
  /** Sorted by id; empty: the tier answers 503. */
  readonly servers: readonly GatewayServer[]
  /** Of a tier without servers, where it is known: what its 503 says. */
  readonly waiting?: Waiting
}

/**
 * Why nobody serves a tier. Times are ISO 8601 to the second and stand still, unlike ages: a text that changes costs a
 * reload.
 */
export type Waiting =
  | ({ readonly kind: 'loading'; readonly job: string; readonly since?: string } & ComeBack)
  | ({
      readonly kind: 'queued'
      readonly job: string
      readonly why: string
      /** Slurm's own estimate. */
      readonly start?: string
    } & ComeBack)
  | ({ readonly kind: 'unrouted' | 'leaving' } & ComeBack)
  /** It serves nobody again before somebody has done something. */
  | { readonly kind: 'failed'; readonly job: string }
  | { readonly kind: 'none' }

interface ComeBack {
  readonly retryAfterSeconds: number
}

export interface GatewayServer {
  /** The endpoint's id. */
  readonly id: string
  /** IPv4 literal, already checked against `gateway.networks`. */
  readonly address: string
  readonly port: number
  /** Fingerprint of the key that it asks for; absent: it asks for none. */
  readonly key?: string
  /** It is reached only where no other server of its tier takes a connection; absent: it is one of those. */
  readonly backup?: true
  /** It gets a sixteenth of its tier's requests; absent: as many as any other. */
  readonly trial?: true
}
