import type { EngineSpec } from '../../core/domain/engine-spec.ts'
import type { Engine, EngineHealth } from '../../core/engines/engine.ts'
import type { Http } from '../system/http.ts'

/** The request to load a model is answered at once; the list of models shows the progress. */
const LOAD_TIMEOUT_MS = 30_000

/** Asks the engine both questions, where it has them and for as long as it may take. */
export function checkHealth(contact: EngineContact): Promise<EngineHealth> {
  const { engine, spec, url } = contact
  const { health, models } = engine.paths(spec)
  return askHealth(contact, {
    ...{ health: url + health, models: models === undefined ? undefined : url + models },
    timeoutMs: engine.healthTimeoutMs,
  })
}

/** Asks both questions at these addresses and lets the engine read the answers; without `models` the first alone. */
export async function askHealth(
  { http, engine, spec, key }: Omit<EngineContact, 'url'>,
  at: { readonly health: string; readonly models: string | undefined; readonly timeoutMs: number },
): Promise<EngineHealth> {
  const question = { bearer: key, timeoutMs: at.timeoutMs }
  const health = await http.ask(at.health, question)
  const isWell = health.kind === 'answered' && health.status === 200
  const models = isWell && at.models !== undefined ? await http.ask(at.models, question) : health
  return engine.readHealth(spec, health, models)
}

/** How to reach one running engine. */
export interface EngineContact {
  readonly http: Http
  readonly engine: Engine
  readonly spec: EngineSpec
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
