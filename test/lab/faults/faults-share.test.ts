import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findMarked } from '../../../src/adapters/system/processes.ts'
import { until } from '../../support/until.ts'
import { SHARED_DIRECTORY } from '../cluster/directories.ts'
import { cancel, preempt, showJob } from '../cluster/slurm-view.ts'
import { lostOf, startClients } from '../site/clients.ts'
import { FAST_MODEL, openSite, type Site } from '../site/site.ts'

// The shared directory as a server of its own, which can be made to hang as a dead NFS server does, and to be full.
const PATIENCE = { timeoutMs: 90_000 }
const BACKING = '/cluster/backing'
let server: ChildProcess
let site: Site

beforeAll(async () => {
  await mkdir(BACKING, { recursive: true })
  await execa('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0750,uid=2001,gid=2001', 'tmpfs', BACKING])
  server = spawn('bindfs', ['-f', '-o', 'allow_other,attr_timeout=0,entry_timeout=0', BACKING, SHARED_DIRECTORY])
  await until(
    'the mount',
    async () => (await execa('findmnt', ['-n', '-o', 'FSTYPE', SHARED_DIRECTORY])).stdout.includes('fuse'),
    PATIENCE,
  )
  site = await openSite()
  await site.startUpdater()
  await site.submit('fast', 2)
  await site.serving(2)
})
afterAll(async () => {
  server.kill('SIGCONT')
  await site.close()
  await execa('umount', [SHARED_DIRECTORY])
  await execa('umount', [BACKING])
})

it('a shared directory that hangs costs no request, and a preemption meanwhile drains to its deadline and is requeued', async () => {
  const [leaving] = await site.serving(2)
  if (leaving === undefined) throw new Error('nobody serves')
  const load = startClients(4, [{ model: FAST_MODEL, tokens: 100, stream: true }])
  await until('answers', () => load.outcomes.length > 20, PATIENCE)
  server.kill('SIGSTOP')
  await until('the updater to say so', () => site.updaterSaid(), {
    ...PATIENCE,
    holds: said => said.includes('Cannot read the registry'),
  })
  const answered = load.outcomes.length
  await until('more answers', () => load.outcomes.length > answered + 50, PATIENCE)

  const preemptor = await preempt(leaving.job.node)
  await until('the preemptor to run', () => showJob(preemptor), {
    ...PATIENCE,
    holds: job => job['JobState'] === 'RUNNING',
  })
  expect(await findMarked(`SLUICE_ENDPOINT=${leaving.id}`)).toEqual([])
  expect(await showJob(leaving.job.id)).toMatchObject({ Restarts: '1' })
  server.kill('SIGCONT')
  await cancel(preemptor)
  await site.serving(2)
  // nginx dropped the replica by Slurm's word, so its last answers had all of the grace to end.
  expect(lostOf(await load.stop())).toEqual([])
  expect(
    (await site.events('updater-main')).filter(one => one.event === 'trouble' && one['what'] === 'registry'),
  ).toHaveLength(1)
})

it('a shared directory that is full keeps what was routed, and says so', async () => {
  const before = await site.serving(2)
  const load = startClients(4, [{ model: FAST_MODEL, tokens: 100, stream: true }])
  await execa('dd', ['if=/dev/zero', `of=${BACKING}/.filler`, 'bs=1M'], { reject: false })
  await until('the updater to say so', () => site.updaterSaid(), {
    ...PATIENCE,
    holds: said => said.includes('ENOSPC'),
  })
  const answered = load.outcomes.length
  await until('more answers', () => load.outcomes.length > answered + 50, PATIENCE)
  await execa('rm', [`${BACKING}/.filler`])
  expect(await site.serving(2)).toEqual(before)
  expect(lostOf(await load.stop())).toEqual([])
})
