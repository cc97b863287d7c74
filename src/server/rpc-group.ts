import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { START_LINE } from '../domain/engine-log.ts'
import type { RpcSpec } from '../domain/replica-spec.ts'
import type { Placement } from '../engines/llama-placement.ts'
import type { Clock } from '../system/clock.ts'
import { type GrowingFile, growingFile } from '../system/growing-file.ts'
import type { EngineProcess } from './engine-process.ts'
import { readWorkerLog, workerArgv } from './worker-script.ts'

/** A step on another node of the job. */
export interface WorkerStep {
  readonly node: string
  /** Of the srun client here. */
  readonly pid: number
  readonly exited: Promise<string>
  /** Ends it at once; resolves when its client has ended. */
  end(): Promise<void>
}

/** The job's other nodes, and how something is started there. */
export interface WorkerNodes {
  /** In the job's order. */
  readonly names: readonly string[]
  start(step: { node: string; argv: readonly string[]; logFile: string }): Promise<WorkerStep>
  connects(address: string, port: number): Promise<boolean>
}

/** The head's program on this node. */
export interface Head {
  readonly command: string
  readonly logFile: string
  inspect(): Promise<{ build: string | undefined; devices: readonly string[] }>
  start(placement: Placement): Promise<EngineProcess>
}

/** A head and its workers: one thing that starts, fails and stops as a whole. */
export interface RpcGroup {
  /** How the first of them ended, or why it could not be brought up; resolves once and never rejects. */
  readonly exited: Promise<string>
  processes(): readonly { readonly role: string; readonly pid: number; readonly node: string | undefined }[]
  /** Undefined: nothing is in the way. What is waited for, or what the head has said that it cannot live with. */
  trouble(): Promise<{ readonly kind: 'waiting' | 'fatal'; readonly message: string } | undefined>
  /** Resolves when nothing of it is left, with the pids that had to be hunted down on this node. */
  stop(): Promise<readonly number[]>
}

/**
 * A head that could not reach a worker says so, and either goes on without it and reports itself healthy, or aborts,
 * depending on its build (reference/engines.md); one that loses a worker aborts.
 */
const FATAL_LINE = /Failed to connect to .*|Remote RPC server crashed.*/
const LOST_WORKER = /^Remote/
/** From the end of a step to that of its srun client. */
const SRUN_TELLS_MS = 500
const LOOK_MS = 100
const LAST_LINES = 12

/**
 * Brings up the workers, and then the head: each of them must listen, be of the head's build, and take one connection from
 * here, the only one before the head's own. Returns at once; `exited` tells of a failure.
 */
export function startRpcGroup(options: {
  readonly rpc: RpcSpec
  readonly nodes: WorkerNodes
  readonly head: Head
  /** Directory of the workers' logs, on this node's disk. */
  readonly logs: string
  readonly clock: Clock
}): RpcGroup {
  const { rpc, nodes, clock } = options
  const stopping = new AbortController()
  const steps: (WorkerStep & { readonly ended: Promise<string> })[] = []
  let head: EngineProcess | undefined
  let headLog: GrowingFile | undefined
  let fatal: string | undefined
  let waitingFor = 'the workers'
  let fail: (how: string) => void = () => undefined
  const exited = new Promise<string>(resolve => {
    fail = resolve
  })
  const broughtUp = bringUp().catch(error => {
    if (!stopping.signal.aborted) fail(error instanceof Error ? error.message : String(error))
  })

  return {
    exited,
    processes: () => [
      ...(head === undefined ? [] : [{ role: 'head', pid: head.pid, node: undefined }]),
      ...nodes.names
        .flatMap(name => steps.filter(step => step.node === name))
        .map(({ node, pid }) => ({ role: 'worker', pid, node })),
    ],
    async trouble() {
      const message = await fatalLine()
      if (message !== undefined) return { kind: 'fatal', message }
      return head === undefined ? { kind: 'waiting', message: `Waiting for ${waitingFor}` } : undefined
    },
    async stop() {
      stopping.abort()
      await broughtUp
      const [hunted] = await Promise.all([head?.stop(0) ?? [], ...steps.map(step => step.end())])
      return hunted
    },
  }

  async function bringUp(): Promise<void> {
    const workers = await Promise.all(nodes.names.map(startWorker))
    const listening = await Promise.all(workers.map(waitUntilListening))
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
    void head.exited.then(tellHead).then(fail, fail)
  }

  /** A head that lost a worker aborts before srun has told us of it, and its backtrace says nothing. */
  async function tellHead(how: string): Promise<string> {
    const line = await fatalLine()
    const own = line === undefined ? how : `${line}: ${how}`
    if (line === undefined || !LOST_WORKER.test(line)) return own
    return Promise.race([...steps.map(step => step.ended), clock.sleep(SRUN_TELLS_MS, stopping.signal).then(() => own)])
  }

  /** What the head has said that it cannot live with. */
  async function fatalLine(): Promise<string | undefined> {
    fatal ??= (await headLog?.read())?.map(line => FATAL_LINE.exec(line)?.[0]).find(found => found !== undefined)
    return fatal
  }

  async function startWorker(node: string): Promise<Worker> {
    const logFile = join(options.logs, workerLogName(node))
    const log = await followFromNow(logFile, `${START_LINE}\n`)
    const step = await nodes.start({ node, argv: workerArgv(rpc, options.head.command), logFile })
    const said: string[] = []
    const look = async () => {
      said.push(...(await log.read()))
      return said
    }
    const ended = step.exited.then(
      async how => `The worker on ${node} ended, ${how}: ${(await look()).slice(-LAST_LINES).join('\n')}`,
    )
    steps.push({ ...step, ended })
    void ended.then(fail, fail)
    return { node, look }
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

interface Worker {
  readonly node: string
  /** All that it has printed so far. */
  look(): Promise<readonly string[]>
}

/** What earlier starts have printed is past. */
async function followFromNow(path: string, text = ''): Promise<GrowingFile> {
  await appendFile(path, text, { mode: 0o640 })
  const file = growingFile(path, 0)
  await file.read()
  return file
}

/** Name of the file with what the worker on a node prints. */
export function workerLogName(node: string): string {
  return `worker-${node}.log`
}
