import type { Listen } from './listen-address.ts'

/**
 * The values from which one generation of the gateway's nginx is rendered. Equal models render equal files except for the
 * generation's number, so a comparison of models decides whether a reload is needed.
 */
export interface GatewayModel {
  /** The address at which every tier answers below its path. */
  readonly listen: Listen
  /** Requests that one client address may have at once; absent: any number. */
  readonly connectionsPerClient?: number
  readonly tiers: readonly GatewayTier[]
}

export interface GatewayTier {
  readonly name: string
  /** Starts and ends with `/`; removed from the request's path before the engine sees it. */
  readonly path: string
  /** The tier's own port, or an address with a port, at which it answers at `/`; absent or equal to `listen`: none. */
  readonly port?: Listen
  /** Paths below `path` that clients may use, with `{id}` and `{model}` (`LISTED_PATH`); others are 404. Absent: none. */
  readonly paths?: readonly string[]
  /** Names of models by which clients of `listen` reach it, each once; absent: none. */
  readonly models?: readonly string[]
  /** Its engines load models by name, so it may have more than are known while none is ready. */
  readonly loadsModels?: true
  /** Longest silence of an engine within an answer, seconds. */
  readonly readTimeoutSeconds: number
  /** Retry-After for clients of an empty tier, seconds. */
  readonly retryAfterSeconds: number
  /** Sorted by id; empty: the tier answers 503. */
  readonly servers: readonly GatewayServer[]
  /** The reason in the 503 of a tier without servers, where it is known. */
  readonly waiting?: Waiting
}

/**
 * Why a tier has no servers. Times are ISO 8601 to the second and do not change, unlike ages: each change of the text costs a
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
  /** It serves again only after a person has acted. */
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
  /** Fingerprint of the key that it requires; absent: it requires none. */
  readonly key?: string
  /** A backup, used only where no other server of its tier accepts a connection; absent: an ordinary server. */
  readonly backup?: true
  /** It gets a sixteenth of its tier's requests; absent: as many as any other. */
  readonly trial?: true
}
