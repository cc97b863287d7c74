import { readdir, readFile, readlink } from 'node:fs/promises'
import { isGone, isOutOfSight, type ProcessId, type ProcessRow, parseProcStat } from './proc-stat.ts'
import { readRegularText } from './regular-file.ts'

/** Its identity, or undefined when no such process lives; a zombie does not. */
export async function identify(pid: number): Promise<ProcessId | undefined> {
  const row = await readRow(pid)
  return row === undefined ? undefined : { pid, startTime: row.startTime, group: row.group }
}

/** Every live process of this machine, of any account. */
export async function listProcesses(): Promise<ProcessRow[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  return (await Promise.all(pids.map(pid => readRow(Number(pid))))).filter(row => row !== undefined)
}

/** A word has at most 128 KiB (execve(2)); the rest of a longer title is not needed. */
const MOST_TITLE_BYTES = 256 * 1024

/** Its arguments, or the title that replaced them; empty for a process that is gone, or of the kernel. */
export async function readCommandLine(pid: number): Promise<readonly string[]> {
  const text = (await readRegularText(`/proc/${pid}/cmdline`, MOST_TITLE_BYTES).catch(whenGone)) ?? ''
  // A title leaves the rest of its place filled with NUL.
  const words = text.replace(/\0+$/, '').split('\0')
  return words.length === 1 && words[0] === '' ? [] : words
}

async function readRow(pid: number): Promise<ProcessRow | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(whenGone)
  return stat === undefined ? undefined : parseProcStat(pid, stat)
}

/**
 * Every live process of ours with `marker` (`NAME=value`) in its environment. This scan proves that an engine is gone. Processes of
 * other users cannot be read and are skipped.
 */
export async function findMarked(marker: string): Promise<ProcessId[]> {
  const found: ProcessId[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const environ = await readFile(`/proc/${name}/environ`, 'latin1').catch(whenGone)
    if (!environ?.split('\0').includes(marker)) continue
    const id = await identify(Number(name))
    if (id !== undefined) found.push(id)
  }
  return found
}

/**
 * Processes whose program is below a directory (its path, without links and with a slash at the end). For other accounts' processes,
 * whose program cannot be read, the command line counts.
 */
export async function programsBelow(directory: string): Promise<{ pid: number; path: string }[]> {
  const found: { pid: number; path: string }[] = []
  for (const { pid } of await listProcesses()) {
    const program = await readlink(`/proc/${pid}/exe`).catch(whenGone)
    const path = [program, ...(await readCommandLine(pid))].find(word => word?.startsWith(directory))
    if (path !== undefined) found.push({ pid, path })
  }
  return found
}

/** The pids of our other processes that have the file open for writing; `path` without links in it. */
export async function findWriters(path: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
  const found = await Promise.all(pids.map(async pid => ((await writes(pid, path)) ? [Number(pid)] : [])))
  return found.flat()
}

async function writes(pid: string, path: string): Promise<boolean> {
  for (const fd of (await readdir(`/proc/${pid}/fd`).catch(whenGone)) ?? []) {
    if ((await readlink(`/proc/${pid}/fd/${fd}`).catch(whenGone)) !== path) continue
    const info = (await readFile(`/proc/${pid}/fdinfo/${fd}`, 'latin1').catch(whenGone)) ?? ''
    // Octal flags of open(2): 1 is O_WRONLY, 2 is O_RDWR.
    if ((Number.parseInt(/^flags:\s+(\d+)/m.exec(info)?.[1] ?? '0', 8) & 3) !== 0) return true
  }
  return false
}

/** Signals a process, or a group when `pid` is negative. False when there was none to signal. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name)
    return true
  } catch (error) {
    if (isGone(error)) return false
    throw error
  }
}

function whenGone(error: unknown): undefined {
  if (isOutOfSight(error)) return undefined
  throw error
}
