import type { Clock } from '../../adapters/system/clock.ts'

/** Runs `work`, which reports its own trouble, every `ms` until `over` is aborted, never twice at once. */
export async function every(ms: number, work: () => Promise<unknown>, clock: Clock, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await work()
    await clock.sleep(ms, over)
  }
}
