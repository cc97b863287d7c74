import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { readOomKills } from '../../../src/adapters/system/oom-kills.ts'

const BATCH = '/system.slice/slurmstepd.scope/job_12/step_batch/user/task_0'
const V2 = `0::${BATCH}\n`
const V1 = `9:cpu,cpuacct:/\n4:memory:/slurm/uid_2001/job_12/step_batch\n0::/\n`

/** A machine's /proc and /sys with these files. */
async function machine(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'sluice-oom-'))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  return root
}

const events = (kills: number) => `low 0\nhigh 0\nmax 31\noom ${kills + 1}\noom_kill ${kills}\noom_group_kill 0\n`

it.each<[string, Readonly<Record<string, string>>, number | undefined]>([
  ['cgroup v2', { 'proc/self/cgroup': V2, [`sys/fs/cgroup${BATCH}/memory.events`]: events(2) }, 2],
  [
    'cgroup v2 whose memory controller ends at the step',
    { 'proc/self/cgroup': V2, [`sys/fs/cgroup${dirname(dirname(BATCH))}/memory.events`]: events(1) },
    1,
  ],
  [
    'cgroup v2 with a count above the job alone, which is that of others',
    { 'proc/self/cgroup': V2, 'sys/fs/cgroup/system.slice/slurmstepd.scope/memory.events': events(7) },
    undefined,
  ],
  [
    'cgroup v1',
    {
      'proc/self/cgroup': V1,
      'sys/fs/cgroup/memory/slurm/uid_2001/job_12/step_batch/memory.oom_control':
        'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n',
    },
    3,
  ],
  [
    'a kernel that does not count',
    {
      'proc/self/cgroup': V1,
      'sys/fs/cgroup/memory/slurm/uid_2001/job_12/step_batch/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\n',
    },
    undefined,
  ],
  ['no memory cgroup', { 'proc/self/cgroup': '0::/\n' }, undefined],
  ['no /proc', {}, undefined],
])('%s', async (_, files, count) => {
  expect(readOomKills(await machine(files))).toBe(count)
})
