import { randomBytes } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { freePort } from '../adapters/engine/process/address.ts'
import { engineEnvironment } from '../adapters/engine/process/engine-environment.ts'
import { startEngine } from '../adapters/engine/process/engine-process.ts'
import { ask } from '../adapters/engine/process/inspect-program.ts'
import { readLastLines } from '../adapters/engine/process/last-lines.ts'
import { beginLog, launchPreparer } from '../adapters/engine/process/prepare-launch.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { findProgram } from '../adapters/system/find-program.ts'
import { makeDirectory } from '../adapters/system/make-directory.ts'
import type { ServerSettings } from '../core/domain/server-options.ts'
import type { Engine } from '../core/engines/engine.ts'
import { type ProgramLaunch, withProfiler } from '../core/engines/profiling.ts'
import { endBelow } from './end-below.ts'
import { type CleanupReport, trackProcesses } from './process-tracker.ts'

/** A server's processes, as long as they run. */
export interface LaunchedServer {
  readonly pid: number
  readonly logFile: string
  /** How it ended, in words; never rejects. */
  readonly exited: Promise<string>
  /** Its last lines since its start. */
  lastLines(): Promise<string>
  /** Asks it to end, and ends it. Resolves when no process is left, with the report in debug mode. */
  stop(): Promise<CleanupReport | undefined>
  /** Like `stop`, at once. */
  kill(): Promise<CleanupReport | undefined>
}

export interface ServerLaunch {
  readonly engine: Engine
  /** What its files and profilers call it. */
  readonly name: string
  readonly settings: ServerSettings
  /** The program and its arguments. */
  readonly command: readonly string[]
}

/** @throws when its port is taken, its directory cannot be made, or the engine has no such profiler. */
export async function launchServer({
  engine,
  name: engineName,
  settings,
  command,
}: ServerLaunch): Promise<LaunchedServer> {
  const { host, port, debugMode } = settings
  const name = `${engineName}-${port}`
  await freePort(host, port)
  const directory = resolve(settings.outputDir)
  await makeDirectory(directory)
  const logFile = join(await realpath(directory), `${name}.log`)
  const sockets = socketDirectory(engine, settings)
  if (sockets !== undefined) await makeDirectory(sockets, 0o700)

  const env = engineEnvironment(engine, process.env, settings.envVars)
  const [program = '', ...argv] = command
  const inner = await launchPreparer(engine, { words: [program], env })(argv)
  await beginLog(logFile, inner.notes)
  const launch = await profiled(engineName, settings, inner, name)
  const marker = `SLUICE_SERVER=${name}-${process.pid}-${randomBytes(4).toString('hex')}`
  const running = await startEngine({ ...launch, marker, blocksNotice: false, logFile }, systemClock)
  const { pid, exited } = running
  const tracker = debugMode ? trackProcesses({ pid, marker, logFile }, systemClock) : undefined
  return {
    ...{ pid, exited, logFile },
    lastLines: () => readLastLines(logFile),
    async stop() {
      await tracker?.look()
      if (launch.wrapper !== undefined) {
        await endBelow({ wrapper: launch.wrapper, argv: inner.argv, marker, exited }, engine.stopGraceMs, systemClock)
      }
      await running.stop(engine.stopGraceMs)
      return tracker?.settle()
    },
    async kill() {
      await running.stop(0)
      return tracker?.settle()
    },
  }
}

/** The directory for an engine's sockets: beside its log, because others could create any name in /tmp first. */
export function socketDirectory(
  { name, makesSockets }: Engine,
  { outputDir, port }: Pick<ServerSettings, 'outputDir' | 'port'>,
): string | undefined {
  return makesSockets ? join(resolve(outputDir), `${name}-${port}`) : undefined
}

async function profiled(engine: string, { profile }: ServerSettings, launch: ProgramLaunch, name: string) {
  if (profile === undefined) return { ...launch, wrapper: undefined }
  const directory = resolve(profile.outputDir)
  await makeDirectory(directory)
  const version = engine === 'vllm' ? await ask(launch.command, ['--version'], launch.env) : undefined
  // 20260131T120000: a later run writes files of its own.
  const stamp = systemClock
    .date()
    .toISOString()
    .replaceAll(/[-:]|\.\d+Z/g, '')
  const isOld = profile.tool === 'amd' && (await findProgram('rocprof', launch.env)) !== undefined
  return withProfiler(
    launch,
    { tool: profile.tool, directory, args: profile.args },
    { engine, version, name: `${name}-${stamp}`, rocprof: isOld ? 'rocprof' : 'rocprofv3' },
  )
}
