import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { until } from '../../support/until.ts'
import { asUser, userArgv } from '../cluster/as-user.ts'
import { RUNTIME_DIRECTORY } from '../cluster/directories.ts'
import { startSystemNginx } from '../gateway/lab-system.ts'
import { SLUICE } from '../site/site.ts'

const UNITS = join(import.meta.dirname, '../../../systemd')

// What the units start has to be there: systemd looks.
beforeAll(async () => {
  await asUser('ai', [...SLUICE, 'install', '--to', RUNTIME_DIRECTORY])
  const [program, ...argv] = [...SLUICE, 'install', '--to', '/opt/sluice']
  await execa(program ?? '', argv)
})

it.each([
  ['the updater of a site', ['verify', join(UNITS, 'sluice-updater.service')]],
  ["the updater of a site's own nginx", ['verify', join(UNITS, 'system-nginx/sluice-updater.service')]],
  ['the updater of an ordinary user', ['--user', 'verify', join(UNITS, 'user/sluice-updater.service')]],
])('systemd has nothing to say about the unit for %s', async (_, argv) => {
  const { stderr, exitCode } = await execa('systemd-analyze', ['--man=no', ...argv], {
    reject: false,
    env: { XDG_RUNTIME_DIR: '/run' },
  })
  expect({ stderr: stderr.split('\n').filter(line => line.includes('sluice-updater')), exitCode }).toEqual({
    stderr: [],
    exitCode: 0,
  })
})

it('a directive that systemd does not know is noticed', async () => {
  const unit = '/tmp/wrong.service'
  await writeFile(unit, '[Service]\nExecStart=/bin/true\nWatchdogSeconds=1\n')
  const { stderr } = await execa('systemd-analyze', ['--man=no', 'verify', unit], { reject: false })
  expect(stderr).toContain('WatchdogSeconds')
})

it.each([
  ['sluice-updater.service', ['ProtectProc', 'PrivateMounts', 'RemoveIPC', 'MemoryMax', 'TasksMax', 'NoNewPrivileges']],
  ['user/sluice-updater.service', ['MemoryMax', 'TasksMax', 'NoNewPrivileges']],
])('%s bounds what the updater can do and take', async (unit, names) => {
  const found = await Promise.all(names.map(name => settings(unit, name)))
  expect(names.filter((_, index) => found[index]?.length !== 1)).toEqual([])
})

it('the unit lets the updater do what it ends streams with', async () => {
  const allowed = await settings('sluice-updater.service', 'SystemCallFilter')
  const calls = new Set<string>()
  for (const name of allowed) for (const call of await expanded(name)) calls.add(call)
  expect(['pidfd_open', 'pidfd_getfd', 'shutdown', 'readlink', 'clone3'].filter(call => !calls.has(call))).toEqual([])
  expect(calls.has('ptrace')).toBe(false)
})

it('under the unit, root finds the nginx of the site and what its workers have open, and the account finds neither', async () => {
  expect(await settings('sluice-updater.service', 'ProtectProc')).toEqual(['invisible'])
  const nginx = await startSystemNginx()
  onTestFinished(() => nginx.remove())
  const { pid } = nginx.master()
  const [worker = ''] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ')
  // A worker that has only been forked still bears its master's title.
  await until('its title', () => readFile(`/proc/${worker}/cmdline`, 'utf8'), {
    timeoutMs: 10_000,
    holds: title => title.startsWith('nginx: worker process'),
  })
  const look = (argv: readonly string[]) => {
    const hidden = 'mount -t proc -o hidepid=invisible proc /proc && exec "$@"'
    return execa('unshare', ['--mount', 'sh', '-c', hidden, 'sh', ...argv], { reject: false })
  }
  const seen = ['sh', '-c', `cat /proc/${pid}/cmdline /proc/${worker}/cmdline && ls -l /proc/${worker}/fd`]
  expect((await look(seen)).stdout).toMatch(/nginx: master process.*nginx: worker process.*socket:/s)
  expect(await look(userArgv('ai', seen))).toMatchObject({ stdout: '', exitCode: 1 })
})

/** The words of a setting. */
async function settings(unit: string, name: string): Promise<string[]> {
  const text = await readFile(join(UNITS, unit), 'utf8')
  return text.split('\n').flatMap(line => (line.startsWith(`${name}=`) ? line.slice(name.length + 1).split(' ') : []))
}

/** The system calls of a group, which may hold groups. */
async function expanded(name: string): Promise<string[]> {
  if (!name.startsWith('@')) return [name]
  const { stdout } = await execa('systemd-analyze', ['--no-pager', 'syscall-filter', name])
  const names = stdout.split('\n').flatMap(line => /^ {4}([@\w-]+)$/.exec(line)?.[1] ?? [])
  return (await Promise.all(names.map(expanded))).flat()
}
