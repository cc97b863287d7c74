import { type Load, UNKNOWN_LOAD } from '../../core/domain/load.ts'
import type { EngineContact } from './health.ts'

/** The limit of each request; an engine that is too busy to answer has no load value. */
const LOAD_TIMEOUT_MS = 3_000

/** The engine's load by its metrics; wholly unknown if a part of them could not be read. Never rejects. */
export async function readLoad(contact: EngineContact): Promise<Load> {
  const { engine, spec } = contact
  const { metrics, models } = engine.paths(spec)
  if (metrics === undefined) return UNKNOWN_LOAD
  const listed = typeof metrics === 'string' || models === undefined ? '' : await textAt(contact, models)
  if (listed === undefined) return UNKNOWN_LOAD
  const paths = typeof metrics === 'string' ? [metrics] : metrics(listed)
  const texts = await Promise.all(paths.map(path => textAt(contact, path)))
  return texts.includes(undefined) ? UNKNOWN_LOAD : engine.readLoad(spec, texts.join('\n'))
}

async function textAt({ http, url, key }: EngineContact, path: string): Promise<string | undefined> {
  const answer = await http.ask(url + path, { bearer: key, timeoutMs: LOAD_TIMEOUT_MS })
  return answer.kind === 'answered' && answer.status === 200 ? answer.text : undefined
}
