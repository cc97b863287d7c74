import { readdir, readFile } from 'node:fs/promises'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'

/** A process of the lab. All its nodes are one machine, so a pid says who it is on any of them. */
export interface LabProcess {
  readonly pid: number
  readonly parent: number
  readonly argv: readonly string[]
}

/** What the environment of everything that an engine started carries. */
export function markerOf({ id }: Endpoint): string {
  return `SLUICE_ENDPOINT=${id}`
}

export function engineOf({ id, processes }: Endpoint): number {
  const pid = processes[0]?.pid
  if (pid === undefined) throw new Error(`Cannot find the engine of ${id}: its file names no process`)
  return pid
}

/** The process in which a router runs the model: its child. */
export async function modelProcessOf(endpoint: Endpoint, model: string): Promise<number> {
  const child = (await childrenOf(engineOf(endpoint))).find(one => one.argv.includes(model))
  if (child === undefined) throw new Error(`Cannot find the process of ${model}: no child of ${endpoint.id} names it`)
  return child.pid
}

/** The batch process, which started the engine. */
export async function supervisorOf(endpoint: Endpoint): Promise<number> {
  const engine = await readProcess(String(engineOf(endpoint)))
  if (engine === undefined) throw new Error(`Cannot find the supervisor of ${endpoint.id}: its engine has ended`)
  return engine.parent
}

/** The srun client of the step that hears notices. */
export async function noticeStepOf(endpoint: Endpoint): Promise<number> {
  const noticeStep = (await childrenOf(await supervisorOf(endpoint))).find(one =>
    one.argv.some(word => /^--job-name=(?:sluice-notice|ear)$/.test(word)),
  )
  if (noticeStep === undefined)
    throw new Error(`Cannot find the notice step of ${endpoint.id}: its supervisor has no such child`)
  return noticeStep.pid
}

async function childrenOf(pid: number): Promise<LabProcess[]> {
  const all = await Promise.all((await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(readProcess))
  return all.filter(one => one !== undefined).filter(one => one.parent === pid)
}

/** undefined: it has ended. */
async function readProcess(pid: string): Promise<LabProcess | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'latin1')
    // proc(5): counted after the command, which stands in parentheses and may hold anything.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    return { pid: Number(pid), parent, argv: commandLine.split('\0').slice(0, -1) }
  } catch {
    return undefined // root is refused nothing, so it is not there any more
  }
}
