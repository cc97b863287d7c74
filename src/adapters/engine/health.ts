import type { ReplicaSpec } from '../../core/domain/replica-spec.ts'
import type { Engine, EngineHealth } from '../../core/engines/engine.ts'
import type { Http } from '../system/http.ts'

/** The request to load a model is answered at once; the list of models shows the progress. */
const LOAD_TIMEOUT_MS = 30_000

/** Sends both requests, and lets the engine's definition read the answers. */
export async function checkHealth({ http, engine, spec, url, key }: EngineContact): Promise<EngineHealth> {
  const { health: healthPath, models: modelsPath } = engine.paths(spec)
  const question = { bearer: key, timeoutMs: engine.healthTimeoutMs }
  const health = await http.ask(url + healthPath, question)
  const isWell = health.kind === 'answered' && health.status === 200
  const models = isWell && modelsPath !== undefined ? await http.ask(url + modelsPath, question) : health
  return engine.readHealth(spec, health, models)
}

/** How to reach one running engine. */
export interface EngineContact {
  readonly http: Http
  readonly engine: Engine
  readonly spec: ReplicaSpec
  readonly url: string
  /** The key that it requires; undefined: none. */
  readonly key?: string | undefined
}

/** Asks a router to load its models; the next health check shows the result. */
export async function loadModels(
  { http, engine, spec, url, key }: EngineContact,
  models: readonly string[],
): Promise<void> {
  const path = engine.paths(spec).load
  if (path === undefined) return
  for (const model of models) {
    await http.ask(url + path, { method: 'POST', json: { model }, bearer: key, timeoutMs: LOAD_TIMEOUT_MS })
  }
}
