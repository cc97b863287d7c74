import { type Endpoint, endpointId } from './endpoint.ts'

/** By this name the files of replicas without Slurm are told from those of jobs. */
const JOB_NAME = 'sluice up'

/**
 * What stands for the job of a replica without Slurm: the pid of its supervisor, and how often `sluice up` has restarted it.
 * So an id names one incarnation, and tells whether the supervisor that wrote it lives.
 */
export function jobOf(pid: number, restarts: number): Endpoint['job'] {
  return { id: String(pid), restarts, name: JOB_NAME, node: 'localhost' }
}

export function idOf(tier: string, pid: number, restarts: number): string {
  return endpointId({ tier, jobId: String(pid), restarts, index: 0 })
}

/** The pid of the supervisor that wrote the file; undefined when a job of Slurm did. */
export function supervisorOf({ job }: Endpoint): number | undefined {
  return job.name === JOB_NAME ? Number(job.id) : undefined
}
