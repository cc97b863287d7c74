import { randomBytes } from 'node:crypto'
import { type Clock, systemClock } from '../system/clock.ts'
import { queryEnvironment, submitEnvironment } from './command-environment.ts'
import { readFailure } from './failure-words.ts'
import { parseHostnames } from './hostnames.ts'
import { type JobList, jobFormat, parseJobs } from './job-rows.ts'
import { parseNodeAddress } from './node-address.ts'
import { makeOutputDirectory } from './output-directory.ts'
import { parsePartitions } from './partition.ts'
import { parseQos } from './qos.ts'
import { type CommandEnd, runCommand } from './run-command.ts'
import { type Answered, type NoAnswer, type NoSuchJob, type OrderAnswer, REQUEST_SIGNAL, type Slurm } from './slurm.ts'
import { parseSlurmConfig } from './slurm-config.ts'
import { sbatchArguments, submitOnce } from './submit.ts'

export interface SlurmOptions {
  /** The process's environment; filtered for each command. */
  readonly env: NodeJS.ProcessEnv
  readonly clock?: Clock
  /** Limit for one command. */
  readonly timeoutMs?: number
}

/** Slurm's own clients give up earlier, after a few MessageTimeouts of 10 s (slurm.conf(5)). */
const TIMEOUT_MS = 60_000

/** Limit for a look-up after an interrupt, because a person waits. */
const LAST_LOOK_MS = 10_000

/** The only place that runs Slurm's commands. It has no state between calls. */
export function openSlurm({ env, clock = systemClock, timeoutMs = TIMEOUT_MS }: SlurmOptions): Slurm {
  const base = { env: queryEnvironment(env), timeoutMs, clock }

  const squeue = async (args: readonly string[], signal?: AbortSignal): Promise<JobsAnswer> => {
    const mark = `m${randomBytes(6).toString('hex')}`
    const argv = [...args, '--noheader', '--states=all', `--Format=${jobFormat(mark)}`]
    return readJobs(await runCommand({ ...base, program: 'squeue', args: argv, signal }), mark)
  }
  const scontrol = async (args: readonly string[], signal?: AbortSignal) =>
    readText('scontrol', await runCommand({ ...base, program: 'scontrol', args, signal }))
  const order = async (program: string, args: readonly string[], signal?: AbortSignal) =>
    readOrder(program, await runCommand({ ...base, program, args, signal, blocksNotice: true }))

  const slurm: Slurm = {
    async jobs(signal) {
      // --all: without it our own jobs in hidden partitions are left out (_pack_job() of slurmctld).
      const answer = await squeue(['--me', '--all'], signal)
      return answer.kind === 'no-such-job'
        ? noAnswer('Cannot ask Slurm: squeue reports an error about a job id, and none was given')
        : answer
    },
    async job(id, signal) {
      const answer = await squeue([`--jobs=${jobNumber(id)}`], signal)
      if (answer.kind !== 'answered') return answer
      const { jobs, problems } = answer.value
      const job = jobs.find(one => one.id === id)
      if (job !== undefined) return { kind: 'answered', value: job }
      return problems[0] === undefined ? { kind: 'no-such-job' } : noAnswer(problems[0].message)
    },
    async findByComment(comment, signal) {
      const answer = await slurm.jobs(signal)
      if (answer.kind !== 'answered') return answer
      const { jobs, problems } = answer.value
      const found = jobs.filter(job => job.comment === comment)
      // An unreadable row may be the wanted one.
      if (found.length === 0 && problems[0] !== undefined) return noAnswer(problems[0].message)
      return { kind: 'answered', value: found }
    },
    requeueIncomplete: (id, signal) => order('scontrol', ['requeue', 'incomplete', jobNumber(id)], signal),
    cancel: (id, signal) => order('scancel', [jobNumber(id)], signal),
    releaseBeginTime: (id, signal) => order('scontrol', ['update', `JobId=${jobNumber(id)}`, 'StartTime=now'], signal),
    releaseHold: (id, signal) => order('scontrol', ['release', jobNumber(id)], signal),
    // By its name without SIG, as every scancel takes it (sig_name2num() of 22.05 to 26.05).
    signalBatch: (id, signal) =>
      order('scancel', ['--batch', `--signal=${REQUEST_SIGNAL.slice(3)}`, jobNumber(id)], signal),
    async config(signal) {
      const answer = await scontrol(['show', 'config'], signal)
      return answer.kind === 'answered' ? { kind: 'answered', value: parseSlurmConfig(answer.value) } : answer
    },
    async partitions(signal) {
      const answer = await scontrol(['--all', '--oneliner', 'show', 'partition'], signal)
      return answer.kind === 'answered' ? { kind: 'answered', value: parsePartitions(answer.value) } : answer
    },
    async qualities(signal) {
      const args = ['--noheader', '--parsable2', 'show', 'qos', 'format=Name,GraceTime,PreemptMode']
      const answer = readText('sacctmgr', await runCommand({ ...base, program: 'sacctmgr', args, signal }))
      return answer.kind === 'answered' ? { kind: 'answered', value: parseQos(answer.value) } : answer
    },
    async nodeStates(nodeList, signal) {
      const answer = await scontrol(['--all', '--oneliner', 'show', 'node', nodeList], signal)
      if (answer.kind !== 'answered') return answer
      return {
        kind: 'answered',
        value: [...answer.value.matchAll(/^NodeName=.*? State=(\S+)/gm)].flatMap(([, state]) => state ?? []),
      }
    },
    async nodeAddress(node, signal) {
      const answer = await scontrol(['--all', '--oneliner', 'show', 'node', node], signal)
      if (answer.kind !== 'answered') return answer
      return { kind: 'answered', value: parseNodeAddress(answer.value, node) }
    },
    async hostnames(nodeList, signal) {
      if (nodeList === '') return { kind: 'answered', value: [] } // scontrol would expand SLURM_JOB_NODELIST
      const answer = await scontrol(['show', 'hostnames', nodeList], signal)
      if (answer.kind !== 'answered') return answer
      const value = parseHostnames(answer.value)
      const unread = `Cannot read the names of ${JSON.stringify(nodeList)}: scontrol made ${JSON.stringify(answer.value.slice(0, 80))} of it`
      return value === undefined ? noAnswer(unread) : { kind: 'answered', value }
    },
    async submit(
      { script, comment, outputDirectory, progress = () => undefined },
      signal = new AbortController().signal,
    ) {
      const refused = await makeOutputDirectory(outputDirectory)
      if (refused !== undefined) return refused
      const sbatch = { program: 'sbatch', args: sbatchArguments(comment), env: submitEnvironment(env), input: script }
      return submitOnce({
        sbatch: () => runCommand({ ...base, ...sbatch, signal }),
        find: () => slurm.findByComment(comment, signal.aborted ? AbortSignal.timeout(LAST_LOOK_MS) : signal),
        cancel: id => slurm.cancel(id, signal),
        cancelElsewhere: (id, cluster) => order('scancel', [`--clusters=${cluster}`, jobNumber(id)], signal),
        progress,
        clock,
        signal,
      })
    },
  }
  return slurm
}

type JobsAnswer = Answered<JobList> | NoSuchJob | NoAnswer

function readJobs(end: CommandEnd, mark: string): JobsAnswer {
  if (end.kind === 'exited' && end.code !== 0 && readFailure(end.stderr) === 'no-such-job')
    return { kind: 'no-such-job' }
  const answer = readText('squeue', end)
  return answer.kind === 'answered' ? { kind: 'answered', value: parseJobs(answer.value, mark) } : answer
}

/** An error without other output is not an answer, even with exit code 0. */
function readText(program: string, end: CommandEnd): Answered<string> | NoAnswer {
  if (end.kind === 'cut') return noAnswer(end.message)
  const isAnswer = end.code === 0 && !(end.stdout.trim() === '' && /error|fatal/i.test(end.stderr))
  return isAnswer ? { kind: 'answered', value: end.stdout } : noAnswer(exitMessage(program, end.code, end.stderr))
}

/** The words count before the exit code. */
function readOrder(program: string, end: CommandEnd): OrderAnswer {
  if (end.kind === 'cut') return noAnswer(end.message)
  const failure = readFailure(end.stderr)
  if (failure === 'no-such-job') return { kind: 'no-such-job' }
  if (failure === 'done') return { kind: 'accepted' }
  const message = exitMessage(program, end.code, end.stderr)
  if (failure === 'refused') return { kind: 'refused', message }
  return end.code === 0 ? { kind: 'accepted' } : noAnswer(message)
}

function exitMessage(program: string, code: number, stderr: string): string {
  return `Cannot run ${program}: exit code ${code}, ${JSON.stringify(stderr.trim().slice(0, 400))}`
}

function noAnswer(message: string): NoAnswer {
  return { kind: 'no-answer', message }
}

/** Ids come from files and environments; a text that is not a number could be an option, or a list of jobs. */
function jobNumber(id: string): string {
  if (!/^[1-9]\d{0,9}$/.test(id)) throw new Error(`Cannot ask Slurm about job ${JSON.stringify(id)}: not a job number`)
  return id
}
