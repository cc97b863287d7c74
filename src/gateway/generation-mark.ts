import { readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../domain/caught.ts'
import { isAccepting, type NginxProcess, readAgain } from './nginx-processes.ts'
import type { StateDirectory } from './state-directory.ts'

/** A log of every generation in which nothing is ever written: each worker of the generation holds it open. */
const MARK = 'mark'

export function markPath(directory: Pick<StateDirectory, 'generations'>, generation: number): string {
  return join(directory.generations, String(generation), MARK)
}

/**
 * The generation that a worker runs, from the file that its master had opened when it forked it. No connection is needed
 * to learn that, and so no client can deny it. Undefined: it runs none of ours, is of an nginx that was started before
 * there were marks, or has not begun to accept.
 */
export function generationOf(worker: NginxProcess, directory: StateDirectory): number | undefined {
  // A worker writes its own title once it waits for connections.
  const now = readAgain(worker)
  if (now?.role !== 'worker') return undefined
  return markAmong(linksOf(worker.pid), directory.generations)
}

/** The first mark among what a process has open. */
export function markAmong(links: Iterable<string>, generations: string): number | undefined {
  for (const link of links) {
    if (!link.startsWith(`${generations}/`)) continue
    const [, number] = /^(\d{1,15})\/mark(?: \(deleted\))?$/.exec(link.slice(generations.length + 1)) ?? []
    if (number !== undefined) return Number(number)
  }
  return undefined
}

/** The generations of the workers that accept; more than one while a reload goes on. */
export function acceptingGenerations(processes: readonly NginxProcess[], directory: StateDirectory): number[] {
  const found = processes.filter(isAccepting).flatMap(one => generationOf(one, directory) ?? [])
  return [...new Set(found)].toSorted((a, b) => a - b)
}

/** What a process has open, lowest number first: what was opened before the connections came stands before them. */
function* linksOf(pid: number): Generator<string> {
  const numbers = whenGone(() => readdirSync(`/proc/${pid}/fd`), []).map(Number)
  for (const number of numbers.toSorted((a, b) => a - b)) {
    yield whenGone(() => readlinkSync(`/proc/${pid}/fd/${number}`), '')
  }
}

function whenGone<T>(look: () => T, otherwise: T): T {
  try {
    return look()
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(codeOf(error) ?? '')) return otherwise
    throw error
  }
}
