import type { JobView } from '../../src/core/domain/job-view.ts'

/** The job of `endpoint` (endpoint.ts), as Slurm shows it. */
export const runningJob: JobView = {
  id: '4242',
  state: 'running',
  stateText: 'RUNNING',
  reason: 'None',
  restarts: 1,
  batchHost: 'vasp-02',
  nodeList: 'vasp-02',
  name: 'llama-14b',
}

/** One that waits for its nodes. */
export const pendingJob: JobView = {
  id: '17',
  state: 'pending',
  stateText: 'PENDING',
  reason: 'Resources',
  restarts: 0,
  nodeList: '',
  name: 'llama-14b',
}
