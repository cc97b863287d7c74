import { given } from '../domain/given.ts'

/**
 * The result of one check. ok: as it should be. note: worth knowing. warning: works, but can fail later. problem: breaks a
 * promise of Sluice. unknown: this machine cannot find out.
 */
export interface DoctorFinding {
  /** `slurm.grace.fast`: its subject, stable over versions. The first word is its group. */
  readonly id: string
  readonly level: Level
  /** What was found, in one sentence. */
  readonly what: string
  /** The consequence. */
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
