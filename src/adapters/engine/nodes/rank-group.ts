import { messageOf } from '../../../core/domain/caught.ts'
import type { EngineProcess } from '../process/engine-process.ts'
import type { EngineGroup } from './engine-group.ts'
import { type WorkerNodes, workerSteps } from './worker-steps.ts'

/**
 * One engine with processes on several nodes that meet at the head's address. All are started at once, and the head answers when
 * they have met. Returns at once; `exited` reports a failure.
 */
export function startRankGroup(options: {
  readonly nodes: WorkerNodes
  /** Directory of the workers' logs, on this node's disk. */
  readonly logs: string
  startHead(): Promise<EngineProcess>
  /** `rank` 1 and up, in the nodes' order. */
  workerArgv(rank: number): readonly string[]
  readonly stopGraceMs: number
}): EngineGroup {
  const { nodes } = options
  const workers = workerSteps(options)
  let head: EngineProcess | undefined
  const broughtUp = bringUp().catch(error => workers.fail(messageOf(error)))
  return {
    exited: workers.exited,
    processes: () => [
      ...(head === undefined ? [] : [{ role: 'head', pid: head.pid, node: undefined }]),
      ...workers.processes(),
    ],
    trouble: async () => (head === undefined ? { kind: 'waiting', message: 'Waiting for the head' } : undefined),
    async stop() {
      await broughtUp
      const [stragglers] = await Promise.all([head?.stop(options.stopGraceMs) ?? [], workers.end()])
      return stragglers
    },
  }

  async function bringUp(): Promise<void> {
    head = await options.startHead()
    void head.exited.then(workers.fail, workers.fail)
    await Promise.all(nodes.names.map((node, index) => workers.start(node, options.workerArgv(index + 1))))
  }
}
