import { expect, it } from 'vitest'
import type { GatewayEffects, RegistryEffects, SlurmEffects } from '../../../src/programs/updater/effects.ts'
import { traceUpdater } from '../../../src/programs/updater/trace.ts'
import { manualClock } from '../../support/manual-clock.ts'

it('notes each scan, question to Slurm and look at nginx, with what came of it', async () => {
  const noted: unknown[] = []
  const missing = () => Promise.reject(new Error('not asked for here'))
  const registry: RegistryEffects = {
    ...{ remove: missing, removeExpired: missing, writeRoutes: missing, routes: missing, keptKey: missing },
    scan: async () => ({ endpoints: [], beats: new Map(), problems: [] }),
  }
  const gateway: GatewayEffects = {
    ...{ running: missing, endStreams: missing },
    apply: async () => ({ status: 'unchanged', generation: 7 }),
  }
  const slurm: SlurmEffects = {
    ...{ releaseBeginTime: missing, releaseHold: missing, requeuePauseSeconds: missing, nodeStates: missing },
    jobs: async () => ({ message: 'squeue is silent' }),
  }
  const effects = traceUpdater(
    { registry, gateway, slurm },
    (event, detail) => noted.push([event, detail]),
    manualClock(),
  )
  await effects.registry.scan({ beats: true })
  await effects.gateway.apply({ listen: 8080, tiers: [] }, new AbortController().signal, {})
  await effects.slurm.jobs()
  expect(noted).toEqual([
    ['scanned', { endpoints: 0, problems: 0, beats: true, ms: 0 }],
    ['applied', { status: 'unchanged', ms: 0 }],
    ['polled', { message: 'squeue is silent', ms: 0 }],
  ])
})
