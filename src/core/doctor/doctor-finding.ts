import { given } from '../domain/given.ts'

/**
 * One thing that was looked at. ok: as it should be. note: worth knowing. warning: works, and will hurt some day. problem:
 * does not do what Sluice promises. unknown: could not be found out from here.
 */
export interface DoctorFinding {
  /** `slurm.grace.fast`: what it is about, stable over versions. The first word is its group. */
  readonly id: string
  readonly level: Level
  /** One sentence of what was found. */
  readonly what: string
  /** What follows from it. */
  readonly why?: string
  /** What to do. */
  readonly fix?: string
}

export type Level = 'ok' | 'note' | 'warning' | 'problem' | 'unknown'

export function ok(id: string, what: string, why?: string): DoctorFinding {
  return { id, level: 'ok', what, ...given({ why }) }
}

export function unknown(id: string, what: string, why?: string): DoctorFinding {
  return { id, level: 'unknown', what, ...given({ why }) }
}
