import type { ReplicaSpec } from '../domain/replica-spec.ts'
import type { Engine, EngineHealth } from '../engines/engine.ts'
import type { Http } from '../system/http.ts'

/** An engine that is busy may take this long to answer; a timeout is load, not death (rule 5). */
const HEALTH_TIMEOUT_MS = 5_000
/** Being told to load a model is answered at once; the loading itself is seen in the list of models. */
const LOAD_TIMEOUT_MS = 30_000

/** Where an engine answers, and the key that it asks for, if it asks for one. */
export interface EngineAddress {
  readonly url: string
  readonly key: string | undefined
}

/** Asks the engine both questions and lets it judge the answers. */
export async function checkHealth(
  http: Http,
  engine: Engine,
  spec: ReplicaSpec,
  { url, key }: EngineAddress,
): Promise<EngineHealth> {
  const question = { bearer: key, timeoutMs: HEALTH_TIMEOUT_MS }
  const health = await http.ask(url + engine.healthPath, question)
  const models =
    health.kind === 'answered' && health.status === 200 ? await http.ask(url + engine.modelsPath, question) : health
  return engine.judge(spec, health, models)
}

/** Tells a router to load its models; what came of it shows in the next look at its health. */
export async function loadModels(
  http: Http,
  engine: Engine,
  { url, key }: EngineAddress,
  models: readonly string[],
): Promise<void> {
  for (const model of models) {
    await http.ask(url + engine.loadPath, { method: 'POST', json: { model }, bearer: key, timeoutMs: LOAD_TIMEOUT_MS })
  }
}
