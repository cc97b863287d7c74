import { type Endpoint, endpointId } from './endpoint.ts'

/** This job name marks the files of replicas without Slurm. */
const JOB_NAME = 'sluice up'

/**
 * A replica without Slurm has, in place of a job, the pid of its supervisor and the number of restarts by `sluice up`. So an id
 * names one incarnation, and shows whether the supervisor that wrote it lives.
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
