import { expect, it } from 'vitest'
import { drain } from '../../src/commands/drain.ts'
import { UserError } from '../../src/core/domain/user-error.ts'
import { jobRow, openSmallSite } from '../support/small-site.ts'

/** A site whose Slurm has two jobs, of which scancel takes away the one that it names last. */
async function openSiteWithJobs() {
  const site = await openSmallSite()
  await site.slurm.does('squeue', `${jobRow('7', 'RUNNING')}; [ -f "$HOME/cancelled" ] || ${jobRow('8', 'PENDING')}`)
  await site.slurm.does('scancel', 'touch "$HOME/cancelled"')
  const asked = async () => (await site.slurm.calls('scancel')).map(call => call.argv)
  return { ...site, asked }
}

it('cancels a job that waits, and nothing else', async () => {
  await using site = await openSiteWithJobs()
  await drain('8', {}, site.context)
  expect(await site.asked()).toEqual([['8']])
  expect(site.context.printed[0]).toMatch(/^Draining fast job 8: no new requests, answers are finished/)
})

it('says with --dry-run what it would do, and asks nothing of Slurm', async () => {
  await using site = await openSiteWithJobs()
  await drain('7', { dryRun: true, requeue: true }, site.context)
  expect(site.context.printed[0]).toMatch(/^Would drain fast job 7 \(.*the job is requeued\)$/)
  expect(await site.asked()).toEqual([])
})

it('prints one value with --json, its progress on standard error', async () => {
  await using site = await openSiteWithJobs()
  await drain('8', { json: true }, site.context)
  expect(JSON.parse(site.context.printed.join('\n'))).toMatchObject({
    dryRun: false,
    jobs: [{ tier: 'fast', job: '8', isDone: true }],
  })
  expect(site.context.warned[0]).toMatch(/^Draining fast job 8/)
})

it('refuses a tier, and says what stops one', async () => {
  await using site = await openSiteWithJobs()
  await expect(drain('fast', {}, site.context)).rejects.toThrow(
    new UserError('Cannot drain "fast": it is a tier; name one of its replicas, or use sluice stop fast'),
  )
})

it.each(['9', 'fats'])('refuses %s, which is the name of nothing', async name => {
  await using site = await openSiteWithJobs()
  await expect(drain(name, {}, site.context)).rejects.toThrow(UserError)
  expect(await site.asked()).toEqual([])
})

it.each(['soon', '-1', '86401'])('refuses --within %s', async within => {
  await using site = await openSiteWithJobs()
  await expect(drain('7', { within }, site.context)).rejects.toThrow(
    new UserError(`Cannot drain within "${within}": --within takes whole seconds, at most 86400`),
  )
  expect(await site.asked()).toEqual([])
})

it('does nothing where Slurm does not say which jobs there are', async () => {
  await using site = await openSiteWithJobs()
  await site.slurm.does('squeue', 'echo "squeue: error: no controller" >&2; exit 1')
  await expect(drain('7', {}, site.context)).rejects.toThrow(/^Cannot find out which jobs there are: .*no controller/)
  expect(await site.asked()).toEqual([])
})
