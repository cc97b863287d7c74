import { expect, it, vi } from 'vitest'
import { loadConfig } from '../../../src/adapters/config-file/load-config.ts'
import type { ApplyOutcome } from '../../../src/adapters/gateway/gateway.ts'
import { runOnce } from '../../../src/programs/updater/run-once.ts'
import { openSmallSite } from '../../support/small-site.ts'

vi.stubGlobal('VERSION', '0.0.0')

async function once(outcome: ApplyOutcome) {
  await using site = await openSmallSite()
  const { config } = await loadConfig({}, site.context)
  await runOnce({
    ...{ config, slurm: undefined, print: () => undefined, level: 'info', signal: new AbortController().signal },
    gateway: {
      running: () => Promise.reject(new Error('Cannot find out what nginx runs: no generation answers')),
      apply: async () => outcome,
      endStreams: async () => ({ ended: 0 }),
    },
  })
}

it('ends well when nginx was brought to all of it, also if it gave no answer before', async () => {
  await expect(once({ status: 'applied', generation: 4, reloadMs: 1 })).resolves.toBeUndefined()
})

it('throws what kept it from that', async () => {
  const failed: ApplyOutcome = { status: 'failed', step: 'test', message: 'unknown directive', restored: true }
  await expect(once(failed)).rejects.toThrow('Cannot test: unknown directive')
})
