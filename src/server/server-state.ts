import type { EngineHealth } from '../engines/engine.ts'

/**
 *             start()                  it answers
 *   idle ─────────────► starting ──────────────────► ready ◄─► unhealthy     a heartbeat failed, or did not
 *   stopped               loading                      │            │
 *   failed                  │ it ends, it is too late  │ it ends    │
 *     ▲                     ▼                          ▼            ▼
 *     └──────────────── failed ◄──────────────────────────────────────       whatever the code that it ends with
 *
 *   stop(), from wherever it runs: stopping, then stopped
 */
export type ServerState = 'idle' | 'starting' | 'loading' | 'ready' | 'unhealthy' | 'stopping' | 'stopped' | 'failed'

/** One change of a server's state. */
export interface StateChange {
  readonly from: ServerState
  readonly to: ServerState
  /** Why, where there is more to say than the state says. */
  readonly message: string | undefined
  /** What the server printed last, where it failed. */
  readonly lastLines: string | undefined
  readonly at: Date
}

/** States from which a server can be started. */
export function isAtRest(state: ServerState): boolean {
  return state === 'idle' || state === 'stopped' || state === 'failed'
}

/**
 * What one look at its health makes of a server that runs; undefined where it changes nothing.
 *
 * 1. coming up: ready when it is, failed when it says so; refusing, silent or erring mean that it is not there yet
 * 2. once ready: whatever is not ready is unhealthy, also an answer that did not come in time; it is not ended for it
 */
export function afterLook(
  state: ServerState,
  health: EngineHealth,
): { readonly to: ServerState; readonly message: string | undefined } | undefined {
  const message = wordsOf(health)
  if (state === 'starting' || state === 'loading') {
    if (health.kind === 'ready') return { to: 'ready', message }
    if (health.kind === 'failed') return { to: 'failed', message }
    return health.kind === 'loading' && state === 'starting' ? { to: 'loading', message } : undefined
  }
  if (state === 'ready' && health.kind !== 'ready') return { to: 'unhealthy', message }
  return state === 'unhealthy' && health.kind === 'ready' ? { to: 'ready', message } : undefined
}

/** Health in words; undefined for ready. */
export function wordsOf(health: EngineHealth): string | undefined {
  switch (health.kind) {
    case 'ready':
      return undefined
    case 'silent':
      return 'It does not answer in time'
    case 'refused':
      return `It does not listen: ${health.message}`
    case 'loading':
    case 'erring':
    case 'failed':
      return health.message
  }
}
