import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReplicaSpec } from '../domain/replica-spec.ts'
import type { Engine, EngineHealth } from '../engines/engine.ts'
import { systemClock } from '../system/clock.ts'
import { readTail } from '../system/file-tail.ts'
import { createHttp } from '../system/http.ts'
import { countForeign, readEstablished } from '../system/tcp-table.ts'
import { addressesIn, freePort } from './address.ts'
import { engineEnvironment } from './engine-environment.ts'
import { startEngine } from './engine-process.ts'
import { checkHealth, loadModels } from './health.ts'

const LAST_LINES = 12

export interface EngineEffectsOptions {
  readonly engine: Engine
  readonly spec: ReplicaSpec
  /** Of this process; the engine inherits what its allow-list names. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The argv that starts Sluice again, for engines that are its own commands. */
  readonly self: readonly string[]
  /** `NAME=value` in the environment of everything the engine starts. */
  readonly marker: string
  /** On this node's own disk. */
  readonly logFile: string
}

/** What a supervisor asks of the engine that its replica runs. */
export function createEngineEffects({ engine, spec, env, self, marker, logFile }: EngineEffectsOptions) {
  const [command = '', ...first] = engine.subcommand === undefined ? [spec.command] : [...self, engine.subcommand]
  const http = createHttp()
  return {
    logFile,
    preflight: () => preflight(engine, { ...spec, command }, env['PATH'] ?? ''),
    async start() {
      const [address] = addressesIn(spec.networks)
      if (address === undefined) throw new Error(`Cannot start the engine: no address in ${spec.networks.join(', ')}`)
      const port = await freePort(address, spec.port)
      const url = `http://${address}:${port}`
      const { pid, exited, stop } = await startEngine(
        {
          command,
          argv: [...first, ...engine.argv(spec, { address, port })],
          env: engineEnvironment(engine, env, spec.env),
          marker,
          isShielded: engine.stopGraceMs === 0, // what we never ask to end by TERM need not hear Slurm's
          logFile,
        },
        systemClock,
      )
      return {
        pid,
        url,
        exited,
        health: (): Promise<EngineHealth> => checkHealth(http, engine, spec, url),
        loadModels: (models: readonly string[]) => loadModels(http, engine, url, models),
        connections: () =>
          readEstablished().then(
            connections => countForeign(connections, port, http.ownPorts()),
            () => undefined, // a node that does not show its connections is never idle, only late
          ),
        stop: () => stop(engine.stopGraceMs),
        lastLines: () => readTail(logFile, LAST_LINES),
      }
    },
  }
}

/** Why this node cannot run the replica, all reasons at once, or undefined. */
async function preflight(engine: Engine, spec: ReplicaSpec, path: string): Promise<string | undefined> {
  const reasons: string[] = []
  if (addressesIn(spec.networks).length === 0) {
    reasons.push(`this node has no address in ${spec.networks.join(', ')} (gateway.networks)`)
  }
  const candidates = spec.command.includes('/') ? [spec.command] : path.split(':').map(one => join(one, spec.command))
  if (!(await Promise.all(candidates.map(one => may(one, constants.X_OK)))).includes(true)) {
    reasons.push(`"${spec.command}" is not an executable${spec.command.includes('/') ? '' : ` on PATH (${path})`}`)
  }
  for (const need of engine.needs(spec)) {
    if (!(await may(need.path, constants.R_OK))) reasons.push(`${need.what}: "${need.path}" is missing or unreadable`)
  }
  return reasons.length === 0 ? undefined : `Cannot run ${spec.tier} here: ${reasons.join('; ')}`
}

function may(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false, // any reason is reason enough
  )
}
