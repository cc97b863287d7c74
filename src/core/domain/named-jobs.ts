import { quote } from '../config/config-finding.ts'
import { replicaId } from './endpoint.ts'
import { type Names, resolveName, unknownName } from './resolve-name.ts'
import { UserError } from './user-error.ts'

/** A job of ours in the run that is known. */
export interface NamedJob {
  readonly tier: string
  readonly id: string
  readonly restarts: number
}

/**
 * The live jobs that a name on the command line means (resolve-name.ts): those of a tier, which may have none, or one.
 *
 * @throws UserError where there is no such job, or not in that run.
 */
export function jobsNamed(name: string, names: Names<NamedJob>): readonly NamedJob[] {
  const found = resolveName(name, names)
  if (found.kind === 'tier') return found.jobs
  const { job, restarts } = found
  if (job === undefined) throw unknownName(name, names)
  if (restarts === undefined || restarts === job.restarts) return [job]
  const now = quote(replicaId({ ...job, jobId: job.id }))
  throw new UserError(`Cannot find ${quote(name)}: job ${job.id} was requeued since, and is ${now} now; name that one`)
}
