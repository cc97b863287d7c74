import { readdir, readFile } from 'node:fs/promises'

/** A process of the lab. All its nodes are one machine, so a pid says who it is on any of them. */
export interface TreeProcess {
  readonly pid: number
  readonly parent: number
  readonly argv: readonly string[]
}

export async function childrenOf(pid: number): Promise<TreeProcess[]> {
  const all = await Promise.all((await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(readProcess))
  return all.filter(one => one !== undefined).filter(one => one.parent === pid)
}

/** @throws when there is no such process */
export async function parentOf(pid: number): Promise<number> {
  const found = await readProcess(String(pid))
  if (found === undefined) throw new Error(`Cannot find the parent of process ${pid}: it has ended`)
  return found.parent
}

/** undefined: it has ended meanwhile. */
async function readProcess(pid: string): Promise<TreeProcess | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'latin1')
    // proc(5): counted after the command, which stands in parentheses and may hold anything.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    return { pid: Number(pid), parent, argv: commandLine.split('\0').slice(0, -1) }
  } catch {
    return undefined // the only thing that root is refused is what is not there
  }
}
