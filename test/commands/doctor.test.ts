import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { doctor } from '../../src/commands/doctor.ts'
import { UserError } from '../../src/core/domain/user-error.ts'
import { openSmallSite } from '../support/small-site.ts'

const NGINX = `#!/bin/sh
echo 'nginx version: nginx/1.30.4
configure arguments: --add-module=njs' >&2
`
const SCONTROL = `case "$*" in
  *config*) echo 'KillWait = 30 sec
JobRequeue = 1
MinJobAge = 300 sec
PreemptMode = REQUEUE
PreemptType = preempt/partition_prio
ProctrackType = proctrack/cgroup
SLURM_VERSION = 26.05.5' ;;
  *partition*) echo 'PartitionName=gpu Default=YES GraceTime=35 Nodes=10.0.0.11 OverSubscribe=EXCLUSIVE PreemptMode=REQUEUE State=UP' ;;
  *) echo 10.0.0.11 ;;
esac`

/** A site that is set up right, as far as a machine without Slurm and nginx can show it. */
async function openRightSite() {
  const site = await openSmallSite()
  const { home } = site.slurm
  await mkdir(join(home, 'bin'))
  await writeFile(join(home, 'bin/nginx'), NGINX, { mode: 0o755 })
  await site.slurm.does('scontrol', SCONTROL)
  await site.slurm.does('sacctmgr', ':')
  await mkdir(join(home, 'runtime/0.1.0-aaaaaaaaaaaa'), { recursive: true })
  await symlink('0.1.0-aaaaaaaaaaaa', join(home, 'runtime/current'))
  const context = { ...site.context, env: { ...site.context.env, PATH: `${home}/bin:${site.context.env['PATH']}` } }
  const findings = async () => {
    const failure: unknown = await doctor({ json: true }, context).then(
      () => undefined,
      error => error,
    )
    const report: { findings: { id: string; level: string }[] } = JSON.parse(context.printed.join('\n'))
    return { failure, problems: report.findings.filter(one => one.level === 'problem').map(one => one.id) }
  }
  return { ...site, context, findings }
}

it('finds no problem in a site that is set up right', async () => {
  await using site = await openRightSite()
  expect(await site.findings()).toEqual({ failure: undefined, problems: [] })
})

it('prints its findings by what they are about, and counts them', async () => {
  await using site = await openRightSite()
  await doctor({}, site.context)
  const { printed } = site.context
  expect(printed.filter(line => /^\S/.test(line)).slice(0, -1)).toEqual([
    'Gateway',
    'Shared directory',
    'Runtime',
    'Slurm',
    'Tiers',
  ])
  expect(printed.at(-1)).toMatch(/^\d.* ok$/)
})

it('fails where jobs would find no sluice to start', async () => {
  await using site = await openRightSite()
  await rm(join(site.slurm.home, 'runtime/current'))
  const { failure, problems } = await site.findings()
  expect(problems).toEqual(['runtime.current'])
  expect(failure).toEqual(new Error('This site is not set up right: 1 problem'))
  expect(failure).not.toBeInstanceOf(UserError)
})

it('fails where there is no nginx', async () => {
  await using site = await openRightSite()
  await writeFile(join(site.slurm.home, 'bin/nginx'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  expect((await site.findings()).problems).toEqual(['gateway.nginx'])
})

it('does not take a Slurm that does not answer for a problem', async () => {
  await using site = await openRightSite()
  await site.slurm.does('scontrol', 'echo "no controller" >&2; exit 1')
  expect(await site.findings()).toEqual({ failure: undefined, problems: [] })
})

it('names a configuration that does not exist', async () => {
  await using site = await openRightSite()
  await expect(doctor({ config: 'no.yaml' }, site.context)).rejects.toThrow(
    new UserError('Cannot read no.yaml: it does not exist; --config must name a file'),
  )
})
