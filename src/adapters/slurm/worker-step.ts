import { type ChildProcess, spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { BLOCK_NOTICE_SIGNALS } from '../../core/domain/block-notice-signals.ts'
import type { Clock } from '../system/clock.ts'

/** A step of the job that runs one program on another of its nodes. */
export interface SlurmWorkerStep {
  readonly node: string
  /**
   * The pid of its srun client on this node, which lives as long as the step and shows that the worker lives ("Multi-node jobs",
   * docs/design/slurm.md).
   */
  readonly pid: number
  /** How the client ended, in words; resolves once and never rejects. */
  readonly exited: Promise<string>
  /** Ends the step at once and resolves when its client has ended. */
  end(): Promise<void>
}

export interface WorkerStepOptions {
  readonly node: string
  /** The program to run there; Slurm's TERM and USR2 do not reach it. */
  readonly argv: readonly string[]
  /** Its whole environment, to which srun adds Slurm's. */
  readonly env: Readonly<Record<string, string>>
  /** Of this process: Slurm's own variables are taken from it. */
  readonly jobEnv: NodeJS.ProcessEnv
  /** The file for the step's output, on this node. */
  readonly logFile: string
  readonly clock: Clock
}

/** `--overlap` shares the batch step's resources; `-c` because srun before 23.11 ignores SLURM_CPUS_PER_TASK. */
const FLAGS = [
  ...['--overlap', '-N1', '-n1', '--cpu-bind=none', '--job-name=worker', '--unbuffered'],
  ...['--kill-on-bad-exit=0', '--wait=0', '--input=none'],
]

/** A TERM to its client kills a step at once; srun has this long to ask slurmctld. */
const END_MS = 5_000

export async function startWorkerStep(options: WorkerStepOptions): Promise<SlurmWorkerStep> {
  const { node, argv, jobEnv, logFile, clock } = options
  const log = await open(logFile, 'a', 0o640)
  try {
    const slurm = Object.entries(jobEnv).filter(([name]) => name.startsWith('SLURM_'))
    const child = spawn(
      'srun',
      [...FLAGS, `-c${cpusOnEachNode(jobEnv)}`, '-w', node, '/bin/sh', '-c', BLOCK_NOTICE_SIGNALS, 'sluice', ...argv],
      {
        env: { ...Object.fromEntries(slurm), ...options.env },
        stdio: ['ignore', log.fd, log.fd],
        detached: true, // a Ctrl-C on a terminal is not its end
      },
    )
    const exited = ending(child)
    if (child.pid === undefined) throw new Error(`Cannot start a step on ${node}: ${await exited}`)
    return { node, pid: child.pid, exited, end: () => end(child, exited, clock) }
  } finally {
    await log.close()
  }
}

async function end(child: ChildProcess, exited: Promise<string>, clock: Clock): Promise<void> {
  child.kill('SIGTERM')
  const over = new AbortController()
  await Promise.race([exited, clock.sleep(END_MS, over.signal)])
  over.abort()
  child.kill('SIGKILL') // Slurm ends what is left of the step with the job
  await exited
}

function ending(child: ChildProcess): Promise<string> {
  return new Promise(resolve => {
    child.once('error', error => resolve(error.message))
    child.once('exit', (code, killed) =>
      resolve(killed === null ? `srun exited with code ${code}` : `srun was killed by ${killed}`),
    )
  })
}

/**
 * The least number in SLURM_JOB_CPUS_PER_NODE, such as `8(x2),16`, which every node has.
 *
 * @throws when it is not set, outside of a job
 */
export function cpusOnEachNode(env: NodeJS.ProcessEnv): number {
  const text = env['SLURM_JOB_CPUS_PER_NODE'] ?? ''
  const counts = text.split(',').map(part => Number.parseInt(part, 10))
  if (counts.length === 0 || counts.some(Number.isNaN)) {
    throw new Error(`Cannot start a step: SLURM_JOB_CPUS_PER_NODE is "${text}"`)
  }
  return Math.min(...counts)
}
