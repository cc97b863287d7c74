import { execa } from 'execa'
import { BLOCK_NOTICE_SIGNALS } from '../../core/domain/block-notice-signals.ts'
import { given } from '../../core/domain/given.ts'
import type { Clock } from '../system/clock.ts'
import { findProgram } from '../system/find-program.ts'

/** How a Slurm command ended: with an exit code, or cut short, in which case its effect is not known. */
export type CommandEnd =
  | { readonly kind: 'exited'; readonly code: number; readonly stdout: string; readonly stderr: string }
  | {
      readonly kind: 'cut'
      readonly message: string
      /** There is no such program here, so Slurm was not asked. */
      readonly neverRan?: true
    }

export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Text for standard input, which is closed otherwise. */
  readonly input?: string
  readonly timeoutMs: number
  readonly clock: Clock
  readonly signal?: AbortSignal | undefined
  /**
   * Its output counts even if a signal ended it: after an order about our own job Slurm signals all processes of that job, and the
   * program that gave the order is one of them.
   */
  readonly blocksNotice?: boolean
}

/** Four times squeue's output for 10 000 jobs, MaxJobCount's default. */
const MAX_OUTPUT_CHARACTERS = 16 * 1024 * 1024

/** From TERM to KILL; Slurm's clients have nothing to clean up. */
const KILL_AFTER_MS = 500

/** From TERM until we no longer wait for a process that even KILL does not end (its program's filesystem hangs). */
const LEAVE_AFTER_MS = 1_000

/** Runs a command without a shell, in `/`. Never rejects for a failure of the command. */
export async function runCommand(command: Command): Promise<CommandEnd> {
  const over = new AbortController()
  const run = runToEnd(command).finally(() => over.abort())
  return Promise.race([run, giveUp(command, over.signal)])
}

async function runToEnd(command: Command): Promise<CommandEnd> {
  const { program, env, input, timeoutMs, signal } = command
  const argv = await argvOf(command)
  if (argv === undefined) return notFound(command)
  const end = await execa(argv[0], argv.slice(1), {
    cwd: '/', // a working directory that was removed would fail every command
    env: { ...env },
    extendEnv: false,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    timeout: timeoutMs,
    killSignal: command.blocksNotice === true ? 'SIGKILL' : 'SIGTERM',
    forceKillAfterDelay: KILL_AFTER_MS,
    maxBuffer: MAX_OUTPUT_CHARACTERS,
    stripFinalNewline: false,
    reject: false,
    ...given({ cancelSignal: signal }),
  })
  if (end.timedOut) return unanswered(program, timeoutMs)
  if (end.isCanceled) return { kind: 'cut', message: `Cannot run ${program}: interrupted` }
  if (end.isMaxBuffer) return { kind: 'cut', message: `Cannot run ${program}: more than 16 MB of output` }
  if (end.code === 'ENOENT') return notFound(command)
  if (end.signal !== undefined) return { kind: 'cut', message: `Cannot run ${program}: it was ended by ${end.signal}` }
  if (end.exitCode === undefined) return { kind: 'cut', message: `Cannot run ${program}: ${end.originalMessage}` }
  return { kind: 'exited', code: end.exitCode, stdout: end.stdout, stderr: end.stderr }
}

/** For a missing program a shell would end with an exit code of its own. */
async function argvOf({
  program,
  args,
  env,
  blocksNotice,
}: Command): Promise<readonly [string, ...string[]] | undefined> {
  if (blocksNotice !== true) return [program, ...args]
  const path = await findProgram(program, env)
  return path === undefined ? undefined : ['/bin/sh', '-c', BLOCK_NOTICE_SIGNALS, 'sluice', path, ...args]
}

function notFound({ program }: Command): CommandEnd {
  const message = `Cannot run ${program}: it is not on PATH`
  return { kind: 'cut', message, neverRan: true }
}

async function giveUp({ program, timeoutMs, clock, signal }: Command, over: AbortSignal): Promise<CommandEnd> {
  const limit = signal === undefined ? over : AbortSignal.any([signal, over])
  await clock.sleep(timeoutMs, limit)
  await clock.sleep(LEAVE_AFTER_MS, over)
  return unanswered(program, timeoutMs)
}

function unanswered(program: string, timeoutMs: number): CommandEnd {
  return { kind: 'cut', message: `Cannot run ${program}: no answer within ${timeoutMs / 1000} s` }
}
