import { messageOf } from '../../core/domain/caught.ts'
import { addressOf, type Endpoint } from '../../core/domain/endpoint.ts'
import type { GatewayEffects, RecordEvent } from './effects.ts'
import type { ObservedEndpoints } from './observed-endpoints.ts'
import type { Reporter } from './reporter.ts'
import type { Routability } from './routability.ts'

/**
 * The endpoints whose streams have no peer left to end them: not routed, with a still beat and a port that does not connect. That
 * Slurm reports the job as over is not enough, because engines may finish their answers meanwhile; other streams are ended by
 * the engine's kernel, unless that is gone, as here. A silent host is dead to this gateway too. An endpoint whose address
 * belongs to another one by now is left out.
 */
export function deadEndpoints(
  observed: ObservedEndpoints,
  routabilities: ReadonlyMap<string, Routability>,
  around: {
    readonly connects: (id: string) => boolean | undefined
    /** Whether this address sends no packets at all, even if its beats move. */
    readonly isUnreachable: (address: string) => boolean
    readonly leaseMs: number
  },
): Endpoint[] {
  const isSilent = (id: string) =>
    routabilities.get(id)?.routed !== true &&
    (observed.get(id)?.lease.stillMs ?? 0) >= around.leaseMs &&
    around.connects(id) === false
  const all = [...observed.values()].map(one => one.endpoint)
  const isDead = (one: Endpoint) => isSilent(one.id) || around.isUnreachable(addressOf(one)?.address ?? '')
  const living = new Set(all.filter(one => !isDead(one)).map(one => one.url))
  return all.filter(one => isDead(one) && one.url !== null && !living.has(one.url))
}

/** Ends nginx's streams to dead endpoints: no packet will report their end, and clients would wait for minutes. */
export interface DeadStreams {
  /** Begins, in the background, with the endpoints of `dead` that were not dead before. */
  end(dead: readonly Endpoint[]): void
}

export function createDeadStreams(options: {
  readonly gateway: Pick<GatewayEffects, 'endStreams'>
  readonly report: Reporter
  readonly record: RecordEvent
}): DeadStreams {
  const { gateway, report, record } = options
  let known = new Set<string>()

  return {
    end(dead) {
      const found = dead.filter(one => !known.has(one.id))
      known = new Set(dead.map(one => one.id))
      if (found.length > 0) void endThose(found)
    },
  }

  async function endThose(dead: readonly Endpoint[]): Promise<void> {
    const servers = dead.flatMap(one => addressOf(one) ?? [])
    const { ended, trouble } = await gateway
      .endStreams(servers)
      .catch(error => ({ ended: 0, trouble: messageOf(error) }))
    if (ended > 0) record('streams ended', { ids: dead.map(one => one.id), connections: ended })
    const reported =
      trouble && `Cannot end the streams of engines that died: ${trouble}; clients wait for readTimeoutSeconds`
    report.state('streams', reported)
  }
}
