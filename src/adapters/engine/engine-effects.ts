import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Containment } from '../../core/containers/runtime.ts'
import { fingerprintOf, redact } from '../../core/domain/engine-key.ts'
import { given } from '../../core/domain/given.ts'
import type { ReplicaSpec } from '../../core/domain/replica-spec.ts'
import type { Engine, EngineAddress, EngineHealth } from '../../core/engines/engine.ts'
import { systemClock } from '../system/clock.ts'
import { createHttp } from '../system/http.ts'
import { countForeign, parseEstablished, readTcpTables } from '../system/tcp-table.ts'
import { trimLog } from '../system/trim-log.ts'
import { containEngine } from './container/engine-container.ts'
import { checkHealth, loadModels } from './health.ts'
import { readLoad } from './load.ts'
import type { EngineGroup } from './nodes/engine-group.ts'
import { startRankGroup } from './nodes/rank-group.ts'
import { rankArgv } from './nodes/rank-script.ts'
import { startRpcGroup } from './nodes/rpc-group.ts'
import { type WorkerNodes, workerLogName } from './nodes/worker-steps.ts'
import { freePort, listenAt } from './process/address.ts'
import { engineEnvironment } from './process/engine-environment.ts'
import { type EngineProcess, startEngine } from './process/engine-process.ts'
import { inspectProgram } from './process/inspect-program.ts'
import { injectKey, type KeyInjection } from './process/key-injection.ts'
import { readLastLines } from './process/last-lines.ts'
import { numaPrefix } from './process/numa.ts'
import { preflight } from './process/preflight.ts'
import { beginLog, launchPreparer } from './process/prepare-launch.ts'
import { sealPrefix } from './seal-term.ts'
import { afterStaging } from './staging/after-staging.ts'
import { stageModel } from './staging/stage-model.ts'

export interface EngineEffectsOptions {
  readonly engine: Engine
  readonly spec: ReplicaSpec
  /** This process's environment; the engine inherits the variables of its allow-list. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The argv that starts Sluice again, for engines that are its own commands. */
  readonly self: readonly string[]
  /** `NAME=value` in the environment of every process of the engine on this node. */
  readonly marker: string
  /** On this node's own disk. */
  readonly scratch: string
  readonly node: string
  /** The key for an engine that starts now; undefined: engines here require no key. */
  readonly engineKey?: (() => Promise<string>) | undefined
  /** Of its log, as `logs/` keeps it. */
  readonly logName: string
  /** A problem that is known already, in words. */
  readonly problem?: string | undefined
  /** Slurm's TERM reaches every process of the job, not only those that slurmstepd has started. */
  readonly termReachesAll?: boolean | undefined
  /** The job's other nodes; undefined without Slurm. */
  readonly workers?: WorkerNodes | undefined
}

/** The size of each log: enough to look back, and seldom cut. */
const LOG_BOUNDS = { mostBytes: 64 * 1024 * 1024, keepBytes: 8 * 1024 * 1024 }

/** The engine's effects for a supervisor. */
export function createEngineEffects(options: EngineEffectsOptions) {
  const { engine, spec, env, self, marker, scratch, node } = options
  const http = createHttp()
  const environment = engineEnvironment(engine, env, spec.env)
  const logFile = join(scratch, 'engine.log')
  const workers = options.workers ?? NO_WORKERS
  const logs = [
    { name: options.logName, path: logFile },
    ...workers.names.map(name => ({ name: `worker-${name}`, path: join(scratch, workerLogName(name)) })),
  ]
  return {
    logs,
    async trimLogs() {
      for (const { path } of logs) await trimLog(path, LOG_BOUNDS)
    },
    preflight: () => preflight(engine, spec, env, workers.names, options.problem),
    async start() {
      const address = await listenAt(spec, node)
      if (address === undefined) throw new Error(`Cannot start the engine: no address in ${spec.networks.join(', ')}`)
      const channel = engine.key(spec)
      const key = channel === undefined ? undefined : await options.engineKey?.()
      const port = await freePort(address, spec.port)
      const url = `http://${address}:${port}`
      const running = await start({ address, port, keyed: await injectKey(channel, key, scratch) })
      const contact = { http, engine, spec, url, key }
      return {
        url,
        key: key === undefined ? undefined : fingerprintOf(key),
        exited: running.exited,
        processes: () => running.processes().map(one => ({ ...one, node: one.node ?? node })),
        async health(): Promise<EngineHealth> {
          const trouble = await running.trouble()
          if (trouble?.kind === 'copying') return { kind: 'copying', message: trouble.message }
          if (trouble?.kind === 'waiting') return { kind: 'loading', message: trouble.message, load: [] }
          const health = await checkHealth(contact)
          // Once more, because it may have printed that during its start.
          const fatal = trouble ?? (await running.trouble())
          return fatal?.kind === 'fatal' ? { kind: 'broken', message: fatal.message } : health
        },
        load: () => readLoad(contact),
        loadModels: (models: readonly string[]) => loadModels(contact, models),
        connections: async () => {
          try {
            return countForeign(readTcpTables().flatMap(parseEstablished), port, http.ownEnds())
          } catch {
            return undefined // a node that does not show its connections is never idle, only late
          }
        },
        stop: () => running.stop(),
        lastLines: async () => redact(await readLastLines(logFile), key === undefined ? [] : [key]),
      }
    },
  }

  async function start(at: Listening): Promise<EngineGroup> {
    const { stage, model } = spec
    if (stage === undefined || model?.file === undefined) return startProcesses(spec, at)
    const abort = new AbortController()
    const staging = stageModel({ stage, model: model.file, clock: systemClock, signal: abort.signal })
    return afterStaging({
      ...{ staging, abort },
      start: file => startProcesses({ ...spec, model: { ...model, file } }, at),
    })
  }

  async function startProcesses(own: ReplicaSpec, { address, port, keyed }: Listening): Promise<EngineGroup> {
    const sockets = engine.makesSockets ? join(scratch, 'sockets') : undefined
    if (sockets !== undefined) await mkdir(sockets, { recursive: true, mode: 0o700 })
    const program = await programOf(own, keyed, sockets)
    const [command] = program.words
    const prepare = launchPreparer(engine, program)
    const at = { address, port, ...given({ sockets }) }
    const prepared = (more: Pick<EngineAddress, 'placement' | 'rank'>) => prepare(engine.argv(own, { ...at, ...more }))
    const launch = async (
      more: Pick<EngineAddress, 'placement' | 'rank'>,
      added: Readonly<Record<string, string>> = {},
    ) => {
      const { argv, env: whole, notes } = await prepared(more)
      const seal = isSealed(own) ? await sealPrefix(whole) : { words: [] }
      await beginLog(logFile, seal.why === undefined ? notes : [...notes, `Slurm's TERM may reach it: ${seal.why}`])
      const prefix = [...seal.words, ...(own.numa === true ? await numaPrefix(env) : [])]
      return startEngine(
        {
          ...withPrefix(prefix, { command, argv: [...argv, ...keyed.argv] }),
          ...{ env: { ...whole, ...added }, cleanUp: program.cleanUp },
          marker,
          blocksNotice: program.termMs === undefined,
          logFile,
        },
        systemClock,
      )
    }
    const graceMs = Math.max(engine.stopGraceMs, program.termMs ?? 0)
    const { addressVariable } = engine
    if (own.ranks !== undefined && addressVariable !== undefined) {
      const rendezvous = { address, port: await freePort(address) }
      // Those of the others differ by their rank alone.
      const launches = await Promise.all(
        workers.names.map((_, index) => prepared({ rank: { rank: index + 1, rendezvous } })),
      )
      return startRankGroup({
        ...{ nodes: workers, logs: scratch, stopGraceMs: graceMs },
        startHead: () => launch({ rank: { rank: 0, rendezvous } }, { [addressVariable]: address }),
        workerArgv: rank => rankArgv(own.networks, addressVariable, [command, ...(launches[rank - 1]?.argv ?? [])]),
      })
    }
    if (own.rpc === undefined) return oneProcess(await launch({}), graceMs)
    return startRpcGroup({
      rpc: own.rpc,
      nodes: workers,
      head: {
        command,
        logFile,
        start: placement => launch({ placement }),
        inspect: () => inspectProgram(command, environment),
      },
      logs: scratch,
      clock: systemClock,
    })
  }

  /** A container may have setuid programs, and its runtime ends it in its own way. */
  function isSealed(own: ReplicaSpec): boolean {
    const mayUnblock = engine.mayUnblockTerm === true && own.custom?.setuid !== true
    return mayUnblock && options.termReachesAll === true && own.container === undefined
  }

  /** The words before its arguments. */
  async function programOf(own: ReplicaSpec, keyed: KeyInjection, sockets: string | undefined): Promise<Containment> {
    const whole = { ...environment, ...keyed.environment }
    if (engine.subcommand !== undefined)
      return { words: [self[0] ?? '', ...self.slice(1), engine.subcommand], env: whole }
    const { container } = own
    if (container === undefined) return { words: [own.command], env: whole }
    const needs = [...engine.needs(own).flatMap(need => (need.or === undefined ? [need.path] : [])), ...keyed.files]
    const writes = sockets === undefined ? [] : [sockets]
    return containEngine({
      ...{ container, spec: own, needs, writes, environment: whole, jobEnv: env, marker, scratch, node },
    })
  }
}

/** Where an engine listens, and how it gets its key. */
interface Listening {
  readonly address: string
  readonly port: number
  readonly keyed: KeyInjection
}

const NO_WORKERS: WorkerNodes = {
  names: [],
  start: ({ node }) => Promise.reject(new Error(`Cannot start a worker on ${node}: there is no Slurm`)),
  connects: () => Promise.resolve(false),
}

function oneProcess({ pid, exited, stop }: EngineProcess, graceMs: number): EngineGroup {
  return {
    exited,
    processes: () => [{ role: 'server', pid, node: undefined }],
    trouble: () => Promise.resolve(undefined),
    stop: () => stop(graceMs),
  }
}

function withPrefix(prefix: readonly string[], { command, argv }: { command: string; argv: readonly string[] }) {
  const [program = command, ...rest] = [...prefix, command, ...argv]
  return { command: program, argv: rest }
}
