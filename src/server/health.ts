import type { ReplicaSpec } from '../domain/replica-spec.ts'
import type { Engine, EngineHealth } from '../engines/engine.ts'
import type { Http } from '../system/http.ts'

/** An engine that is busy may take this long to answer; a timeout is load, not death (rule 5). */
const HEALTH_TIMEOUT_MS = 5_000
/** Being told to load a model is answered at once; the loading itself is seen in the list of models. */
const LOAD_TIMEOUT_MS = 30_000

/** Asks the engine both questions and lets it judge the answers. */
export async function checkHealth(http: Http, engine: Engine, spec: ReplicaSpec, url: string): Promise<EngineHealth> {
  const health = await http.ask(url + engine.healthPath, { timeoutMs: HEALTH_TIMEOUT_MS })
  const models =
    health.kind === 'answered' && health.status === 200
      ? await http.ask(url + engine.modelsPath, { timeoutMs: HEALTH_TIMEOUT_MS })
      : health
  return engine.judge(spec, health, models)
}

/** Tells a router to load its models; what came of it shows in the next look at its health. */
export async function loadModels(http: Http, engine: Engine, url: string, models: readonly string[]): Promise<void> {
  for (const model of models) {
    await http.ask(url + engine.loadPath, { method: 'POST', json: { model }, timeoutMs: LOAD_TIMEOUT_MS })
  }
}
