import type { EngineSpec } from '../../core/domain/engine-spec.ts'
import type { Engine, EngineHealth } from '../../core/engines/engine.ts'
import type { Http } from '../system/http.ts'

/** Being told to load a model is answered at once; the loading itself is seen in the list of models. */
const LOAD_TIMEOUT_MS = 30_000

/** Asks the engine both questions and lets it read the answers. */
export async function checkHealth({ http, engine, spec, url, key }: EngineContact): Promise<EngineHealth> {
  const { health: healthPath, models: modelsPath } = engine.paths(spec)
  const question = { bearer: key, timeoutMs: engine.healthTimeoutMs }
  const health = await http.ask(url + healthPath, question)
  const isWell = health.kind === 'answered' && health.status === 200
  const models = isWell && modelsPath !== undefined ? await http.ask(url + modelsPath, question) : health
  return engine.readHealth(spec, health, models)
}

/** What it takes to ask one running engine. */
export interface EngineContact {
  readonly http: Http
  readonly engine: Engine
  readonly spec: EngineSpec
  readonly url: string
  /** That it asks for; undefined: it asks for none. */
  readonly key?: string | undefined
}

/** Tells a router to load its models; what came of it shows in the next look at its health. */
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
