import type { EngineHealth } from '../core/engines/engine.ts'

/**
 *   idle, stopped, failed ── start() ──► starting ──► loading ──► ready ◄──► unhealthy
 *                                           │            │          │            │
 *      failed ◄── it ended, said that it    │            │          │            │   a heartbeat failed, and then
 *                 cannot, or was too late ──┴────────────┘          │            │   did not; nothing ends for it
 *      failed ◄── it ended, whatever its code ──────────────────────┴────────────┘
 *
 *   stop(), from each of these: stopping ──► stopped
 */
export type ServerState = 'idle' | 'starting' | 'loading' | 'ready' | 'unhealthy' | 'stopping' | 'stopped' | 'failed'

/** One change of a server's state. */
export interface StateChange {
  readonly from: ServerState
  readonly to: ServerState
  /** The reason, if there is one. */
  readonly message: string | undefined
  /** The server's last lines, if it failed. */
  readonly lastLines: string | undefined
  readonly at: Date
}

/** States from which a server can be started. */
export function isAtRest(state: ServerState): boolean {
  return state === 'idle' || state === 'stopped' || state === 'failed'
}

/**
 * The change of a running server's state after one health check; undefined: no change.
 *
 * 1. while it starts: ready or failed when it reports that; refused, silent or erring mean that it still starts
 * 2. once ready: every other result makes it unhealthy, also a timeout; it is not ended for that
 */
export function afterLook(
  state: ServerState,
  health: EngineHealth,
): { readonly to: ServerState; readonly message: string | undefined } | undefined {
  const message = describeHealth(health)
  if (state === 'starting' || state === 'loading') {
    if (health.kind === 'ready') return { to: 'ready', message }
    if (health.kind === 'failed' || health.kind === 'broken') return { to: 'failed', message }
    return health.kind === 'loading' && state === 'starting' ? { to: 'loading', message } : undefined
  }
  if (state === 'ready' && health.kind !== 'ready') return { to: 'unhealthy', message }
  return state === 'unhealthy' && health.kind === 'ready' ? { to: 'ready', message } : undefined
}

/** Health in words; undefined for ready. */
export function describeHealth(health: EngineHealth): string | undefined {
  switch (health.kind) {
    case 'ready':
      return undefined
    case 'silent':
      return 'It does not answer in time'
    case 'refused':
      return `It does not listen: ${health.message}`
    default:
      return health.message
  }
}
