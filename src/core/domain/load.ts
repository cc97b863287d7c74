/** How busy an endpoint is; null is what its engine does not tell, or did not this time: never zero. */
export type Load = {
  /** Requests that it answers. */
  readonly running: number | null
  /** Requests that it has taken and not begun. */
  readonly waiting: number | null
  /** Share of the KV cache in use, 0–1. */
  readonly kv: number | null
  /** Share of the prompts' tokens that were in the cache already, 0–1; over which time is the engine's. */
  readonly prefixHits: number | null
}

export const UNKNOWN_LOAD: Load = { running: null, waiting: null, kv: null, prefixHits: null }
