import type { Try } from './tries.ts'

/**
 * Decides whether a failed answer is the engine's fault or the client's. One client's bad requests fail on every engine, and least
 * connections sends most of them to one engine. Without this, one client would take all engines from the others, one by one.
 */
export interface Blame {
  /** One try at the engine of this id; `refused` does not count, because it does not depend on the request. */
  note(id: string, tried: Try, now: number): void
  /** Whether a client whose requests fail at the engine in this share fails about as often at all others. */
  isClients(client: string, id: string, share: number): boolean
  /** Forgets the engine's tries. */
  forget(id: string): void
}

/** Tries older than two of these are forgotten. */
const BUCKET_MS = 15_000
/** The most clients that are remembered, so that addresses cannot fill the memory. Failures of others count. */
const MOST_CLIENTS = 1_000
/** One answer is not enough evidence. */
const FEWEST_TRIES = 2

interface Tally {
  tries: number
  failures: number
}

type Bucket = Map<string, Map<string, Tally>>

export function createBlame(): Blame {
  let [current, previous]: [Bucket, Bucket] = [new Map(), new Map()]
  let begunAt = Number.NEGATIVE_INFINITY

  return {
    note(id, { client, outcome }, now) {
      if (now - begunAt >= BUCKET_MS) {
        previous = now - begunAt >= 2 * BUCKET_MS ? new Map() : current
        current = new Map()
        begunAt = now
      }
      if (client === undefined || outcome === 'refused') return
      const known = current.get(client) ?? new Map<string, Tally>()
      if (!current.has(client) && current.size >= MOST_CLIENTS) return
      current.set(client, known)
      const { tries, failures } = known.get(id) ?? { tries: 0, failures: 0 }
      known.set(id, { tries: tries + 1, failures: failures + (outcome === 'failed' ? 1 : 0) })
    },
    isClients(client, id, share) {
      const others = sharesElsewhere(client, id)
      return others.length > 0 && Math.min(...others) > share / 2
    },
    forget(id) {
      for (const bucket of [current, previous]) for (const known of bucket.values()) known.delete(id)
    },
  }

  function sharesElsewhere(client: string, id: string): number[] {
    const observed = [current, previous].map(bucket => bucket.get(client) ?? new Map<string, Tally>())
    const others = new Set(observed.flatMap(known => [...known.keys()]))
    others.delete(id)
    return [...others].flatMap(other => {
      const tallies = observed.flatMap(known => known.get(other) ?? [])
      const tries = tallies.reduce((sum, one) => sum + one.tries, 0)
      const failures = tallies.reduce((sum, one) => sum + one.failures, 0)
      return tries < FEWEST_TRIES ? [] : [failures / tries]
    })
  }
}
