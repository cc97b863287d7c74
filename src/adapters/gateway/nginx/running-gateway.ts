import type { RunningGateway } from '../gateway.ts'
import type { GatewayParts } from '../gateway-parts.ts'
import { readGatewayModel } from '../read-gateway-model.ts'
import { readKeys } from '../render/keys-file.ts'
import { hasOneGeneration } from './await-generation.ts'
import { privateGeneration } from './generation-probe.ts'
import { findNginx } from './nginx-processes.ts'

/** `Gateway.running` of a private nginx. During a reload two generations accept, so this waits for its end. */
export async function readRunning(
  { directory, clock }: Pick<GatewayParts, 'directory' | 'clock'>,
  signal: AbortSignal,
): Promise<RunningGateway | undefined> {
  const deadline = clock.now() + DEADLINE_MS
  for (;;) {
    if (!findNginx(directory.root).some(one => !one.isShuttingDown)) return undefined
    const generation = await privateGeneration(directory)
    if (generation !== undefined && hasOneGeneration(directory)) {
      const model = await readGatewayModel(directory, generation)
      if (model === undefined) {
        throw new Error(`Cannot find out what nginx runs: it answers generation ${generation}, whose files are gone`)
      }
      return { generation, model, keys: await readKeys(directory, generation) }
    }
    signal.throwIfAborted()
    if (clock.now() > deadline) {
      const found = generation === undefined ? 'no generation' : 'more than one generation'
      throw new Error(`Cannot find out what nginx runs: after ${DEADLINE_MS / 1000} s ${found} answers`)
    }
    await clock.sleep(POLL_MS, signal)
  }
}

// A reload of an earlier process takes 0.1 s, or 2.5 s with a busy port.
const DEADLINE_MS = 5000
const POLL_MS = 20
