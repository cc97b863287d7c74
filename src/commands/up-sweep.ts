import type { Context } from '../core/context.ts'
import { sweepUp, type UpPlaces } from '../programs/up/sweep.ts'

/** `sluice up-sweep`: cleans up after a `sluice up` that was killed. */
export async function upSweep(options: UpPlaces, context: Context): Promise<void> {
  await sweepUp(options, context)
}
