import { messageOf } from '../../../core/domain/caught.ts'
import type { RpcSpec } from '../../../core/domain/replica-spec.ts'
import type { LlamaPlacement } from '../../../core/engines/llama-placement.ts'
import type { Clock } from '../../system/clock.ts'
import type { FileFollower } from '../../system/file-follower.ts'
import type { EngineProcess } from '../process/engine-process.ts'
import type { EngineGroup } from './engine-group.ts'
import { isFact, readWorkerLog, workerArgv } from './worker-script.ts'
import { followFromNow, type Worker, type WorkerNodes, workerSteps } from './worker-steps.ts'

/** The head's program on this node. */
export interface Head {
  readonly command: string
  readonly logFile: string
  inspect(): Promise<{ build: string | undefined; devices: readonly string[] }>
  start(placement: LlamaPlacement): Promise<EngineProcess>
}

/**
 * A head that cannot reach a worker prints that. Depending on its build, it goes on without the worker and reports itself healthy,
 * or aborts ("llama.cpp over RPC", docs/design/engines.md). A head that loses a worker aborts.
 */
const FATAL_LINE = /Failed to connect to .*|Remote RPC server crashed.*/
const LOST_WORKER = /^Remote/
/** From the end of a step to that of its srun client. */
const SRUN_TELLS_MS = 500
const LOOK_MS = 100

/**
 * Starts the workers, and then the head. Each worker must listen, be of the head's build, and accept one connection from here, the
 * only one before the head's own. Returns at once; `exited` reports a failure.
 */
export function startRpcGroup(options: {
  readonly rpc: RpcSpec
  readonly nodes: WorkerNodes
  readonly head: Head
  /** Directory of the workers' logs, on this node's disk. */
  readonly logs: string
  readonly clock: Clock
}): EngineGroup {
  const { rpc, nodes, clock } = options
  const stopping = new AbortController()
  const workers = workerSteps({ ...options, wants: isFact })
  let head: EngineProcess | undefined
  let headLog: FileFollower | undefined
  let fatal: string | undefined
  let waitingFor = 'the workers'
  const broughtUp = bringUp().catch(error => {
    if (!stopping.signal.aborted) workers.fail(messageOf(error))
  })

  return {
    exited: workers.exited,
    processes: () => [
      ...(head === undefined ? [] : [{ role: 'head', pid: head.pid, node: undefined }]),
      ...workers.processes(),
    ],
    async trouble() {
      const message = await fatalLine()
      if (message !== undefined) return { kind: 'fatal', message }
      return head === undefined ? { kind: 'waiting', message: `Waiting for ${waitingFor}` } : undefined
    },
    async stop() {
      stopping.abort()
      await broughtUp
      const [stragglers] = await Promise.all([head?.stop(0) ?? [], workers.end()])
      return stragglers
    },
  }

  async function bringUp(): Promise<void> {
    const argv = workerArgv(rpc, options.head.command)
    const started = await Promise.all(nodes.names.map(node => workers.start(node, argv)))
    const listening = await Promise.all(started.map(waitUntilListening))
    stopping.signal.throwIfAborted()
    const own = await options.head.inspect()
    for (const { node, address, build } of listening) {
      if (build !== undefined && own.build !== undefined && build !== own.build) {
        throw new Error(
          `The head is build ${own.build}, the worker on ${node} ${build}: RPC needs one build; install the same on every node`,
        )
      }
      if (!(await nodes.connects(address, rpc.port))) {
        throw new Error(
          `The worker on ${node} listens at ${address}:${rpc.port}, and this node cannot connect to it: see firewalls and rpc.network`,
        )
      }
    }
    stopping.signal.throwIfAborted()
    headLog = await followFromNow(options.head.logFile)
    waitingFor = 'the head'
    head = await options.head.start({
      layers: rpc.layers,
      headDevices: own.devices,
      workers: listening.map(({ address, devices }) => ({ address, port: rpc.port, devices })),
    })
    void head.exited.then(describeHeadEnd).then(workers.fail, workers.fail)
  }

  /** A head that lost a worker aborts before srun reports the worker's end, and its backtrace does not show the reason. */
  async function describeHeadEnd(how: string): Promise<string> {
    const line = await fatalLine()
    const own = line === undefined ? how : `${line}: ${how}`
    if (line === undefined || !LOST_WORKER.test(line)) return own
    return Promise.race([
      ...workers.started.map(worker => worker.ended),
      clock.sleep(SRUN_TELLS_MS, stopping.signal).then(() => own),
    ])
  }

  /** The head's fatal messages. */
  async function fatalLine(): Promise<string | undefined> {
    fatal ??= (await headLog?.read())?.map(line => FATAL_LINE.exec(line)?.[0]).find(found => found !== undefined)
    return fatal
  }

  async function waitUntilListening({ node, look }: Worker) {
    for (;;) {
      const { address, ...facts } = readWorkerLog(await look())
      if (address !== undefined) return { node, address, ...facts }
      await clock.sleep(LOOK_MS, stopping.signal)
      stopping.signal.throwIfAborted()
    }
  }
}
