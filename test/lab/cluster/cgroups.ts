import { existsSync } from 'node:fs'
import { mkdir, readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { contained } from './contained.ts'

/** What proctrack/cgroup puts jobs into where the controllers of cgroup v1 are mounted. */
const FREEZER = '/sys/fs/cgroup/freezer'

const NAME = /^sluice-lab-(\d+)$/

/**
 * Makes the cgroup that a lab sees as the root of them all, and returns its path. Two labs have nodes of the same names,
 * and Slurm would put the jobs of both into the same cgroups otherwise.
 */
export async function makeCgroup(): Promise<string> {
  if (!existsSync(FREEZER)) {
    throw new Error(`Cannot use proctrack/cgroup: there is no ${FREEZER}; the lab can do so with cgroup v1 only`)
  }
  const cgroup = join(FREEZER, `sluice-lab-${process.pid}`)
  await mkdir(cgroup)
  return cgroup
}

/**
 * Why this machine cannot have a lab with proctrack/cgroup, or undefined when it can. Tried for real: a cgroup is made,
 * entered and mounted as enter.sh does it.
 */
export async function whyNoCgroup(): Promise<string | undefined> {
  try {
    const cgroup = await makeCgroup()
    const [program, ...rest] = contained(['sh', '-euc', TRY_CGROUP, 'try', cgroup])
    await execa(program, rest)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    await removeEndedCgroups({ evenOurs: true })
  }
}

const TRY_CGROUP = `
echo 0 >"$1/cgroup.procs"
exec unshare --cgroup -- sh -euc 'umount "$0"; mount -t cgroup -o freezer lab "$0"; mkdir "$0/try"; rmdir "$0/try"' ${FREEZER}
`

/** Removes the cgroups of labs that have ended; they alone outlive the processes, when main.ts was killed. */
export async function removeEndedCgroups({ evenOurs }: { evenOurs: boolean }): Promise<void> {
  const names = await readdir(FREEZER).catch(() => [])
  const ended = names.filter(name => {
    const pid = Number(NAME.exec(name)?.[1])
    return pid > 0 && (pid === process.pid ? evenOurs : !existsSync(`/proc/${pid}`))
  })
  await Promise.all(ended.map(name => removeCgroup(join(FREEZER, name))))
}

/** A cgroup's files cannot be removed and need not be; its children go first. */
async function removeCgroup(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true })
  for (const entry of entries.filter(entry => entry.isDirectory())) {
    await removeCgroup(join(path, entry.name))
  }
  await rmdir(path)
}
