import { spawn } from 'node:child_process'

/**
 * The step that receives a notice: at the start of a preemption's grace Slurm signals steps and not the batch process
 * ("Who gets which signal", docs/design/slurm.md). TERM and USR2 are the same notice, and end the step. It is one process: with a
 * shell around `sleep 30`, where Slurm signals the whole tree, the shell could start another sleep before its own end, and that
 * sleep would hold the step and the node for thirty seconds.
 */
const NOTICE_STEP_SCRIPT = 'echo listening; exec sleep infinity'

/**
 * Starts the job's notice step on this node, and resolves with its output when it ends; Slurm then has to be asked for the reason.
 * `begun` is called once it can receive signals; earlier ones are missed. Aborting the signal ends the step.
 */
export function listenForNotice(options: {
  env: NodeJS.ProcessEnv
  node: string
  begun: () => void
  signal: AbortSignal
}): Promise<string> {
  // Slurm 22.05 reads the job's own --gpus-per-node from it, finds that it contradicts --gres=none and makes no step.
  const { SLURM_GPUS_PER_NODE: _ofTheJob, ...env } = options.env
  return new Promise(resolve => {
    const child = spawn('srun', [...NOTICE_STEP_FLAGS, '-w', options.node, '/bin/sh', '-c', NOTICE_STEP_SCRIPT], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a Ctrl-C on a terminal is not a notice
    })
    let output = ''
    child.stdout.once('data', options.begun)
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-MOST_OUTPUT)
    })
    const stop = () => child.kill('SIGTERM')
    options.signal.addEventListener('abort', stop, { once: true })
    const end = (how: string) => {
      options.signal.removeEventListener('abort', stop)
      resolve(output.trim() === '' ? how : `${how}: ${output.trim()}`)
    }
    child.once('error', error => end(error.message))
    child.once('exit', (code, signal) =>
      end(signal === null ? `srun exited with code ${code}` : `srun was killed by ${signal}`),
    )
  })
}

/** `--overlap` shares the batch step's resources; `-c1` because srun before 23.11 ignores SLURM_CPUS_PER_TASK. */
const NOTICE_STEP_FLAGS = [
  ...['--overlap', '-N1', '-n1', '-c1', '--gres=none', '--cpu-bind=none', '--job-name=sluice-notice'],
  ...['--kill-on-bad-exit=0', '--input=none'],
]
const MOST_OUTPUT = 2_000
