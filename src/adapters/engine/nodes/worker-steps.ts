import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../../../core/domain/caught.ts'
import { START_LINE } from '../../../core/domain/engine-log.ts'
import { type FileFollower, followFile } from '../../system/file-follower.ts'
import { readLastLines } from '../process/last-lines.ts'

/** A step on another node of the job. */
export interface WorkerStep {
  readonly node: string
  /** The pid of the srun client here. */
  readonly pid: number
  readonly exited: Promise<string>
  /** Ends it at once; resolves when its client has ended. */
  end(): Promise<void>
}

/** The job's other nodes, and how to start a step there. */
export interface WorkerNodes {
  /** In the job's order. */
  readonly names: readonly string[]
  start(step: { node: string; argv: readonly string[]; logFile: string }): Promise<WorkerStep>
  connects(address: string, port: number): Promise<boolean>
}

/** One that was started. */
export interface Worker {
  readonly node: string
  /** The wanted lines of its output so far, at most the first thousand. */
  look(): Promise<readonly string[]>
  /** How it ended, with its last words. */
  readonly ended: Promise<string>
}

const MOST_LINES = 1_000

/** The workers of one engine; the end of one is the end of all. `wants`: the lines for `look`. */
export function workerSteps(options: {
  readonly nodes: WorkerNodes
  readonly logs: string
  readonly wants?: (line: string) => boolean
}) {
  const { nodes, logs, wants = () => false } = options
  const steps: (WorkerStep & Worker)[] = []
  let fail: (how: unknown) => void = () => undefined
  const exited = new Promise<string>(resolve => {
    fail = how => resolve(messageOf(how))
  })
  return {
    /** How the first of them ended, or the first argument of `fail`. */
    exited,
    fail,
    started: steps as readonly Worker[],
    async start(node: string, argv: readonly string[]): Promise<Worker> {
      const logFile = join(logs, workerLogName(node))
      const log = await followFromNow(logFile, `${START_LINE}\n`, wants)
      const step = await nodes.start({ node, argv, logFile })
      const lines: string[] = []
      const look = async () => {
        for (const line of await log.read()) if (lines.length < MOST_LINES) lines.push(line)
        return lines
      }
      const ended = step.exited.then(
        async how => `The worker on ${node} ended, ${how}: ${await readLastLines(logFile).catch(() => '')}`,
      )
      const worker = { ...step, look, ended }
      steps.push(worker)
      void ended.then(fail, fail)
      return worker
    },
    /** In the job's order. */
    processes: () =>
      nodes.names
        .flatMap(name => steps.filter(step => step.node === name))
        .map(({ node, pid }) => ({ role: 'worker', pid, node })),
    async end(): Promise<void> {
      await Promise.all(steps.map(step => step.end()))
    },
  }
}

/** Output of earlier starts does not count. */
export async function followFromNow(path: string, text = '', wants?: (line: string) => boolean): Promise<FileFollower> {
  await appendFile(path, text, { mode: 0o640 })
  const file = followFile(path, 0, wants)
  await file.read()
  return file
}

/** Name of the file with the output of the worker on a node. */
export function workerLogName(node: string): string {
  return `worker-${node}.log`
}
