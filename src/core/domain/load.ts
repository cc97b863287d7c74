/** The load of an endpoint. Null where its engine does not report a value, or did not this time; null is not zero. */
export type Load = {
  /** Requests that are being answered. */
  readonly running: number | null
  /** Requests that it has accepted and not begun. */
  readonly waiting: number | null
  /** Share of the KV cache in use, 0–1. */
  readonly kv: number | null
  /** Share of the prompts' tokens that were already in the cache, 0–1; the engine chooses the period. */
  readonly prefixHits: number | null
}

export const UNKNOWN_LOAD: Load = { running: null, waiting: null, kv: null, prefixHits: null }
