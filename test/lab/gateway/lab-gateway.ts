import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Gateway, RunningGateway } from '../../../src/adapters/gateway/gateway.ts'
import { type GatewayOptions, openGateway } from '../../../src/adapters/gateway/open-gateway.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import type { EngineKeys } from '../../../src/core/domain/engine-key.ts'
import type { GatewayModel, GatewayServer, GatewayTier } from '../../../src/core/domain/gateway-model.ts'
import { type EngineAnswer, freePort, type StandInEngine, startEngine } from '../../support/stand-in-engine.ts'

/** A gateway on a directory and a port of its own, whose nginx ends with the test. */
export interface LabGateway {
  readonly gateway: Gateway
  readonly directory: string
  readonly port: number
  /** A model of this gateway. */
  model(...tiers: GatewayTier[]): GatewayModel
  /** Applies it, and fails the test where that fails. */
  applied(model: GatewayModel, keys?: EngineKeys): Promise<RunningGateway>
  /** The same directory as an updater finds it that has just started. */
  reopen(options?: Partial<GatewayOptions>): Promise<Gateway>
}

export const neverAborted = new AbortController().signal

export async function startLabGateway(options: Partial<GatewayOptions> = {}): Promise<LabGateway> {
  const directory = await mkdtemp('/tmp/sluice-gateway-')
  const port = await freePort()
  const reopen = (other: Partial<GatewayOptions> = {}) =>
    openGateway({
      directory: join(directory, 'state'),
      nginx: 'nginx',
      env: process.env,
      clock: systemClock,
      ...options,
      ...other,
    })
  const gateway = await reopen()
  onTestFinished(async () => {
    await (await reopen({ clock: systemClock })).stop({ graceMs: 0, signal: neverAborted })
    await rm(directory, { recursive: true })
  })
  return {
    gateway,
    directory: join(directory, 'state'),
    port,
    reopen,
    model: (...tiers) => ({ listen: port, tiers }),
    async applied(model, keys = {}) {
      const outcome = await gateway.apply(model, neverAborted, keys)
      if (outcome.status !== 'applied') throw new Error(`Cannot apply: ${JSON.stringify(outcome)}`)
      return { generation: outcome.generation, model, keys }
    },
  }
}

/** An engine that dies with the test. */
export async function labEngine(answer?: EngineAnswer): Promise<StandInEngine> {
  const engine = await startEngine(answer)
  onTestFinished(() => engine.die())
  return engine
}

export function labTier(
  engines: readonly { port: number }[],
  changes: Partial<Omit<GatewayTier, 'servers'>> = {},
): GatewayTier {
  const name = changes.name ?? 'fast'
  const servers: GatewayServer[] = engines.map(({ port }, index) => ({
    id: `${name}-1-0-${index}`,
    address: '127.0.0.1',
    port,
  }))
  // Any plain path: what these engines are asked for matters to no test but those that give a list.
  return { name, path: '/', paths: ['/{model}'], readTimeoutSeconds: 600, retryAfterSeconds: 7, servers, ...changes }
}
