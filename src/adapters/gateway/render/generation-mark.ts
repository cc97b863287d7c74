import { join } from 'node:path'
import { openFiles } from '../../system/open-files.ts'
import { isAccepting, type NginxProcess, readAgain } from '../nginx/nginx-processes.ts'
import type { StateDirectory } from '../state-directory.ts'

/** An empty log of every generation, never written; each worker of the generation has it open. */
const MARK = 'mark'

export function markPath(directory: Pick<StateDirectory, 'generations'>, generation: number): string {
  return join(directory.generations, String(generation), MARK)
}

/**
 * The generation of a worker, from the file that its master had open when it forked the worker. This needs no connection, so
 * clients cannot prevent it. Undefined: the worker runs no generation of ours, belongs to an nginx of an older version without
 * marks, or does not accept yet.
 */
export function generationOf(worker: NginxProcess, directory: StateDirectory): number | undefined {
  // A worker has its own title once it waits for connections.
  const now = readAgain(worker)
  if (now?.role !== 'worker') return undefined
  for (const { link } of openFiles(worker.pid)) {
    const generation = markedBy(link, directory.generations)
    if (generation !== undefined) return generation
  }
  return undefined
}

/** The generation whose mark this open file is; undefined for any other file. */
export function markedBy(link: string, generations: string): number | undefined {
  if (!link.startsWith(`${generations}/`)) return undefined
  const [, number] = /^(\d{1,15})\/mark(?: \(deleted\))?$/.exec(link.slice(generations.length + 1)) ?? []
  return number === undefined ? undefined : Number(number)
}

/** The generations of the workers that accept; more than one during a reload. */
export function acceptingGenerations(processes: readonly NginxProcess[], directory: StateDirectory): number[] {
  const found = processes.filter(isAccepting).flatMap(one => generationOf(one, directory) ?? [])
  return [...new Set(found)].toSorted((a, b) => a - b)
}
