import type { Clock } from '../../adapters/system/clock.ts'
import { messageOf } from '../../core/domain/caught.ts'
import type { GatewayModel } from '../../core/domain/gateway-model.ts'
import type { RecordEvent, TrafficEffects } from './effects.ts'
import { createOutliers } from './outliers.ts'
import type { Share } from './plan-gateway.ts'
import type { Reporter } from './reporter.ts'
import { triesOf } from './tries.ts'

export interface TrafficOptions {
  readonly traffic?: TrafficEffects | undefined
  readonly report: Reporter
  readonly record: RecordEvent
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Called when an engine was set aside or taken back. */
  readonly wake: () => void
}

/** Follows the outcome of requests, independent of the scans, because an engine that fails at once gets most requests until it is set aside. */
export interface Traffic {
  shareOf(id: string): Share
  /** The model that nginx is about to serve. */
  among(model: GatewayModel): void
  /** Resolves when the signal has aborted. */
  keepWatching(): Promise<void>
}

const LOOK_MS = 300

export function watchTraffic({ traffic, report, record, clock, signal, wake }: TrafficOptions): Traffic {
  const outliers = createOutliers()
  return {
    shareOf: outliers.shareOf,
    among: outliers.among,
    async keepWatching() {
      while (traffic !== undefined && !signal.aborted) {
        await look(traffic)
        await clock.sleep(LOOK_MS, signal)
      }
    },
  }

  async function look(traffic: TrafficEffects): Promise<void> {
    try {
      const lines = await traffic.lines()
      outliers.heed(lines.flatMap(triesOf), clock.now())
      report.state('access log', undefined)
    } catch (error) {
      report.state(
        'access log',
        `Cannot read nginx's access log: ${messageOf(error)}; no engine is set aside meanwhile`,
      )
    }
    const changes = outliers.assess(clock.now())
    for (const { event, ...detail } of changes) record(event, detail)
    if (changes.length > 0) wake()
  }
}
