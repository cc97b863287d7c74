import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * The kernel's count of out-of-memory kills in this process's memory cgroup; undefined if there is no such cgroup, or no count
 * (before Linux 4.13). Reads two files of the kernel, which never hang. `root` is the parent of /proc and /sys.
 */
export function readOomKills(root = '/'): number | undefined {
  for (const file of counterFiles(readText(join(root, 'proc/self/cgroup')) ?? '')) {
    const count = /^oom_kill (\d+)$/m.exec(readText(join(root, 'sys/fs/cgroup', file)) ?? '')?.[1]
    if (count !== undefined) return Number(count)
  }
  return undefined
}

/** Possible files of the count, by proc_pid_cgroup(5): with cgroup v1 in the memory controller's tree, else in the one tree. */
function counterFiles(memberships: string): readonly string[] {
  const rows = memberships.split('\n').map(line => /^\d+:([^:]*):(\/.*)$/.exec(line))
  const v1 = rows.find(row => row?.[1]?.split(',').includes('memory'))
  if (v1?.[1] !== undefined && v1[2] !== undefined) return [join(v1[1], v1[2], 'memory.oom_control')]
  const path = rows.find(row => row?.[1] === '')?.[2]
  return path === undefined ? [] : placesOf(path).map(place => join(place, 'memory.events'))
}

/**
 * The cgroup, and those above it up to the job's: Slurm may leave the memory controller off below a step, and
 * memory.events counts what happens further down. Above the job the kills are those of others.
 */
function placesOf(path: string): readonly string[] {
  const job = /^.*\/job_\d+(?=\/|$)/.exec(path)?.[0]
  const places = [path]
  for (let place = path; job !== undefined && place !== job; ) {
    place = dirname(place)
    places.push(place)
  }
  return places
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // missing or not readable: not known
  }
}
