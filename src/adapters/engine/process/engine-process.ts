import { type ChildProcess, spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { execa } from 'execa'
import type { Clock } from '../../system/clock.ts'
import { findMarked, signal } from '../../system/processes.ts'

/** A started engine: a process group of its own, and its descendants. */
export interface EngineProcess {
  readonly pid: number
  /** How it ended, in words; resolves once and never rejects. */
  readonly exited: Promise<string>
  /**
   * Ends it: TERM to its group (INT, where TERM does not reach it) and KILL after `graceMs`, or KILL at once when that is 0; then a
   * scan of the machine for processes with its marker. Resolves when none is left, with the pids of the stragglers that had to be
   * killed.
   */
  stop(graceMs: number): Promise<readonly number[]>
}

export interface EngineLaunch {
  readonly command: string
  readonly argv: readonly string[]
  /** The whole environment except SPT_NOENV; no other variable is inherited. */
  readonly env: Readonly<Record<string, string>>
  /** `NAME=value`, added to the environment, by which every process of the engine is found. */
  readonly marker: string
  /** Neither Slurm's TERM nor ours reaches it: it is asked to end by INT, which Slurm never sends. */
  readonly blocksNotice: boolean
  /** A command to run after its group was killed: it ends or removes what a KILL leaves behind. */
  readonly cleanUp?: readonly string[] | undefined
  /** Its standard output and error are appended here. */
  readonly logFile: string
}

/** The limit for the end of a container; a longer wait would not help. */
const CLEAN_UP_SECONDS = 30

/**
 * Beside the engine, in its group, a shell waits for the end of a pipe that only the supervisor holds open. When the supervisor
 * ends in any way, the kernel closes the pipe, and the shell ends every process with the marker, cleans up, and ends the group.
 * The engine itself replaces the launching shell, so its pid is the child's.
 *
 * For an engine that blocks notices TERM is blocked, and its children inherit that: under proctrack/linuxproc or
 * SignalChildrenProcesses Slurm's TERM reaches the whole tree and would cut the engine's answers (reference: env(1), coreutils
 * 8.31). Measured: Python, Perl and C++ keep the block, also with handlers of their own. TERM is ignored too, for programs that
 * undo a block and keep an ignore, as Java does. Node and Go undo both at their start: seal-term.ts.
 */
const LAUNCHER = `
marker=$1; blocked=$2; words=$3; shift 3
(
  # Of all arguments, those that clean up: they come first.
  left=$words
  while [ "$left" -gt 0 ]; do set -- "$@" "$1"; shift; left=$((left - 1)); done
  shift $(($# - words))
  trap '' TERM INT HUP USR1 USR2
  self=$(exec sh -c 'echo $PPID')
  IFS= read -r _ <&3
  for environ in /proc/[0-9]*/environ; do
    pid=\${environ#/proc/}; pid=\${pid%/environ}
    [ "$pid" = "$self" ] || ! grep -qzxF -- "$marker" "$environ" || kill -KILL "$pid"
  done
  [ "$words" = 0 ] || timeout ${CLEAN_UP_SECONDS} "$@"
  kill -KILL 0
) >/dev/null 2>&1 &
shift "$words"
[ "$blocked" = no ] || trap '' TERM
if [ "$blocked" = yes ] && env --block-signal=TERM true 2>/dev/null; then
  set -- env --block-signal=TERM sh -c 'exec "$@"' sluice "$@"
fi
exec "$@" 3<&-
`

/**
 * @throws when the command cannot be started; `exited` reports one that starts and ends at once.
 */
export async function startEngine(launch: EngineLaunch, clock: Clock): Promise<EngineProcess> {
  const log = await open(launch.logFile, 'a', 0o640)
  try {
    const [name = '', value = ''] = splitMarker(launch.marker)
    const blocked = launch.blocksNotice ? 'yes' : 'no'
    const { cleanUp = [] } = launch
    const asked = launch.blocksNotice ? 'SIGINT' : 'SIGTERM'
    const launcher = ['-c', LAUNCHER, 'sluice', launch.marker, blocked, String(cleanUp.length), ...cleanUp]
    const child = spawn('/bin/sh', [...launcher, launch.command, ...launch.argv], {
      // A Python program that sets its title overwrites its environment with the marker, unless SPT_NOENV is set (reference:
      // setproctitle); vLLM and SGLang set titles.
      env: { SPT_NOENV: '1', ...launch.env, [name]: value },
      stdio: ['ignore', log.fd, log.fd, 'pipe'],
      detached: true, // setsid: a session and a group of its own, whose leader becomes the engine
    })
    const exited = ending(child)
    const pid = child.pid
    if (pid === undefined) throw new Error(`Cannot start "${launch.command}": ${await exited}`)
    return { pid, exited, stop: graceMs => stopGroup({ child, pid, exited, asked }, launch, graceMs, clock) }
  } finally {
    await log.close()
  }
}

function splitMarker(marker: string): [string, string] {
  const equals = marker.indexOf('=')
  return [marker.slice(0, equals), marker.slice(equals + 1)]
}

function ending(child: ChildProcess): Promise<string> {
  return new Promise(resolve => {
    child.once('error', error => resolve(error.message))
    child.once('exit', (code, killed) => resolve(killed === null ? `Exited with code ${code}` : `Killed by ${killed}`))
  })
}

interface Running {
  readonly child: ChildProcess
  readonly pid: number
  readonly exited: Promise<string>
  /** The signal that ends it. */
  readonly asked: 'SIGINT' | 'SIGTERM'
}

async function stopGroup(
  { child, pid, exited, asked }: Running,
  launch: EngineLaunch,
  graceMs: number,
  clock: Clock,
): Promise<readonly number[]> {
  if (graceMs > 0 && child.exitCode === null && child.signalCode === null) {
    signal(-pid, asked)
    const ended = new AbortController()
    await Promise.race([exited, clock.sleep(graceMs, ended.signal)])
    ended.abort()
  }
  // The group outlives its leader (the watching shell is in it), so its id cannot have been reused.
  signal(-pid, 'SIGKILL')
  await exited
  child.stdio[3]?.destroy()
  if (launch.cleanUp !== undefined) await cleanUp(launch.cleanUp, launch.env)
  return endMarked(launch.marker, clock, pid)
}

/** Runs the clean-up command. A failure means that nothing was left, or the next start reports it. */
async function cleanUp(
  [program = '', ...argv]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await execa(program, argv, {
    ...{ env: { ...env }, extendEnv: false, reject: false, stdio: 'ignore' },
    timeout: CLEAN_UP_SECONDS * 1_000,
  })
}

/** Ends every process with the marker, and looks again until there is none; returns those outside of `group`. */
export async function endMarked(marker: string, clock: Clock, group?: number): Promise<readonly number[]> {
  const stragglers = new Set<number>()
  for (;;) {
    const left = await findMarked(marker)
    if (left.length === 0) return [...stragglers]
    for (const one of left) {
      if (signal(one.pid, 'SIGKILL') && one.group !== group) stragglers.add(one.pid)
    }
    await clock.sleep(20)
  }
}
