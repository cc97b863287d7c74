import type { GatewayModel, GatewayTier } from '../../../src/core/domain/gateway-model.ts'
import { ASKED_AT, hammer } from './hammer.ts'
import { labEngine, labTier } from './lab-gateway.ts'

/** Adds an engine and withdraws it ten times, under load; both are told of when `applied` has resolved. */
export async function withdrawAgain(lab: {
  readonly port: number
  model(...tiers: GatewayTier[]): GatewayModel
  applied(model: GatewayModel): Promise<unknown>
}) {
  const [staying, leaving] = [await labEngine(), await labEngine()]
  const both = lab.model(labTier([staying, leaving]))
  const one = lab.model(labTier([staying]))
  await lab.applied(both)
  // Hundreds of requests a second, and a gateway that gets to apply beside them.
  const load = hammer(lab.port, { restMs: 20 })
  const late: number[] = []
  for (let reload = 0; reload < 10; reload++) {
    await load.answered(100)
    await lab.applied(one)
    const withdrawnAt = performance.now()
    const before = leaving.received.length
    await load.answered(300)
    // An old worker finishes what it has accepted: a request that it had then may come now.
    const since = leaving.received.slice(before).filter(({ headers }) => Number(headers[ASKED_AT]) > withdrawnAt)
    late.push(since.length)
    await lab.applied(both)
  }
  const { failures } = await load.stop()
  return {
    failures,
    /** Requests that reached the engine although their connections were opened after it was withdrawn; for each time. */
    late,
    /** All that it ever got. */
    reached: leaving.received.length,
  }
}
