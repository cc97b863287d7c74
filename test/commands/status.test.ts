import { expect, it } from 'vitest'
import { status } from '../../src/commands/status.ts'
import type { Endpoint } from '../../src/core/domain/endpoint.ts'
import { UserError } from '../../src/core/domain/user-error.ts'
import type { StatusReport } from '../../src/core/status/status-report.ts'
import { endpoint } from '../support/endpoint.ts'
import { jobRow, openSmallSite } from '../support/small-site.ts'

const REPLICA: Endpoint = { ...endpoint, id: 'fast-4242-0-0', job: { ...endpoint.job, restarts: 0 } }

/** A site with one replica that runs as job 4242. */
async function openRunningSite() {
  const site = await openSmallSite()
  await site.slurm.does('squeue', jobRow('4242', 'RUNNING'))
  await site.registry.publish(REPLICA)
  return site
}

it('shows each tier with its replicas and their states', async () => {
  await using site = await openRunningSite()
  await status({}, site.context)
  const printed = site.context.printed.join('\n')
  expect(printed).toMatch(/fast/)
  expect(printed).toMatch(/4242.*RUNNING|RUNNING.*4242/)
  expect(site.context.warned).toEqual([])
})

it('prints one report with --json', async () => {
  await using site = await openRunningSite()
  await status({ json: true }, site.context)
  const report: StatusReport = JSON.parse(site.context.printed.join('\n'))
  expect(report).toMatchObject({
    site: 'lab',
    tiers: [{ name: 'fast', replicas: [{ job: '4242', slurm: { known: true, state: 'RUNNING' } }] }],
  })
})

it('watches with a line for each change, until a signal', async () => {
  await using site = await openRunningSite()
  const interrupted = new AbortController()
  const lines: string[] = []
  const print = (line: string) => {
    lines.push(line)
    if (lines.length === 1) void site.registry.publish({ ...REPLICA, state: 'draining' })
    else interrupted.abort()
  }
  await status({ watch: true }, { ...site.context, print, signal: interrupted.signal })
  expect(lines).toEqual([expect.stringContaining('ready'), expect.stringContaining('draining')])
})

it('reports what is not known as a problem, and does not fail', async () => {
  await using site = await openRunningSite()
  await site.slurm.does('squeue', 'echo "squeue: error: no controller" >&2; exit 1')
  await status({ json: true }, site.context)
  const report: StatusReport = JSON.parse(site.context.printed.join('\n'))
  expect(report.problems).toEqual([expect.stringContaining('no controller')])
  expect(report.tiers[0]?.replicas[0]?.slurm.known).toBe(false)
})

it('names a summary that does not exist', async () => {
  await using site = await openSmallSite()
  await expect(status({ summary: '/nowhere/main.json' }, site.context)).rejects.toThrow(
    new UserError(
      'Cannot read the summary /nowhere/main.json: it does not exist; an updater publishes it once it runs',
    ),
  )
})

it('names a configuration that does not exist', async () => {
  await using site = await openSmallSite()
  await expect(status({ config: 'no.yaml' }, site.context)).rejects.toThrow(
    new UserError('Cannot read no.yaml: it does not exist; --config must name a file'),
  )
})
