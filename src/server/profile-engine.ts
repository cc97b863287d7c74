import type { HttpAnswer } from '../domain/http-answer.ts'
import type { ProfileRequest } from '../engines/profiling.ts'
import type { Clock } from '../system/clock.ts'
import type { Http } from '../system/http.ts'

/** A profiler that begins has nothing to write yet. */
const START_MS = 60_000
/** Writing the traces of a large model takes minutes. */
const STOP_MS = 3_600_000

export interface ProfileRun {
  readonly http: Http
  readonly url: string
  /** That the engine asks for; undefined: it asks for none. */
  readonly key: string | undefined
  readonly requests: { readonly start: ProfileRequest; readonly stop: ProfileRequest }
  readonly seconds: number
  readonly clock: Clock
  /** Ends the profile before its time; its traces are written all the same. */
  readonly signal: AbortSignal
  /** Called when it records, and when it writes what it has recorded. */
  progress(what: 'recording' | 'writing'): void
}

/**
 * Has a running engine record a profile, and returns when it has written it: `seconds` is how long it recorded. `missing`:
 * it was not started with a profiler. Whatever happens once it may have begun, it is told to stop.
 *
 * @throws when it refuses, or does not answer.
 */
export async function profileEngine(run: ProfileRun): Promise<{ readonly seconds: number } | 'missing'> {
  const { requests, clock, signal } = run
  const begun = await ask(run, requests.start, START_MS)
  if (begun.kind === 'answered' && begun.status === 404) return 'missing'
  if (begun.kind === 'timeout') await ask(run, requests.stop, STOP_MS) // it may have begun
  if (!isDone(begun)) throw new Error(`Cannot start its profiler: ${wordsOf(begun)}`)
  const startedAt = clock.now()
  run.progress('recording')
  await clock.sleep(run.seconds * 1_000, signal)
  const seconds = (clock.now() - startedAt) / 1_000
  run.progress('writing')
  const ended = await ask(run, requests.stop, STOP_MS)
  if (!isDone(ended)) throw new Error(`Cannot stop its profiler: ${wordsOf(ended)}; it may still record`)
  return { seconds }
}

function ask({ http, url, key }: ProfileRun, { method, path, json }: ProfileRequest, timeoutMs: number) {
  return http.ask(url + path, { method, json, bearer: key, timeoutMs })
}

function isDone(answer: HttpAnswer): boolean {
  return answer.kind === 'answered' && answer.status === 200
}

function wordsOf(answer: HttpAnswer): string {
  if (answer.kind === 'timeout') return 'no answer in time'
  if (answer.kind === 'refused' || answer.kind === 'broken') return answer.message
  if (answer.status === 401) return 'HTTP 401: it asks for another key than the one that it was started with'
  return `HTTP ${answer.status}: ${answer.text.slice(0, 200)}`
}
