import type { openRegistry } from '../../adapters/registry/open-registry.ts'
import { type OrderAnswer, REQUEST_SIGNAL, type Slurm } from '../../adapters/slurm/slurm.ts'
import { identify, readCommandLine, signal } from '../../adapters/system/processes.ts'
import { messageOf } from '../../core/domain/caught.ts'
import { type Endpoint, replicaId } from '../../core/domain/endpoint.ts'
import type { JobView } from '../../core/domain/job-view.ts'
import { supervisorOf } from '../../core/domain/local-replica.ts'
import type { SiteJobs } from './open-site.ts'

type Registry = ReturnType<typeof openRegistry>

/** The orders of an operator's command for a job. */
export type Orders = Pick<Slurm, 'signalBatch' | 'cancel' | 'requeueIncomplete'>

/**
 * The replicas of a `sluice up` in place of jobs: each is its supervisor's process, and runs as long as that lives. They are known
 * by their endpoint files, so one that has just started is not included.
 */
export async function localJobs(registry: Registry): Promise<SiteJobs> {
  const { endpoints } = await registry.scan()
  const supervised = await Promise.all(
    endpoints.map(async one => ({ one, lives: await isSupervisor(supervisorOf(one)) })),
  )
  const living = supervised.filter(({ lives }) => lives).map(({ one }) => one)
  const replicas = new Map(living.map(one => [one.job.id, { tier: one.tier, job: viewOf(one) }]))
  return { jobs: [...replicas.values()], others: [], complete: true }
}

/** Writes a request to the shared directory and signals the supervisor; a replica without requests ends at once. */
export function localOrders(registry: Registry): Orders {
  const requestDrain = async (id: string, requeue: boolean): Promise<OrderAnswer> => {
    const found = (await localJobs(registry)).jobs.find(one => one.job.id === id)
    if (found === undefined) return { kind: 'no-such-job' }
    const replica = replicaId({ tier: found.tier, jobId: id, restarts: found.job.restarts })
    try {
      await registry.make()
      await registry.writeRequest(replica, { kind: 'drain', requeue, withinSeconds: 0 })
    } catch (error) {
      return { kind: 'no-answer', message: messageOf(error) }
    }
    return signalSupervisor(id)
  }
  return {
    signalBatch: signalSupervisor,
    cancel: id => requestDrain(id, false),
    requeueIncomplete: id => requestDrain(id, true),
  }
}

async function signalSupervisor(id: string): Promise<OrderAnswer> {
  if (!(await isSupervisor(Number(id)))) return { kind: 'no-such-job' }
  signal(Number(id), REQUEST_SIGNAL)
  return { kind: 'accepted' }
}

/** Whether it is still the same process, and not one with a reused pid. */
async function isSupervisor(pid: number | undefined): Promise<boolean> {
  if (pid === undefined || (await identify(pid)) === undefined) return false
  return (await readCommandLine(pid)).includes('supervise')
}

function viewOf({ job: { id, restarts, name, node } }: Endpoint): JobView {
  return { id, restarts, name, state: 'running', stateText: 'runs here', reason: '', batchHost: node, nodeList: node }
}
