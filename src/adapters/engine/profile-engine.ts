import type { HttpAnswer } from '../../core/domain/http-answer.ts'
import type { ProfileRequest } from '../../core/engines/profiling.ts'
import type { Clock } from '../system/clock.ts'
import type { Http } from '../system/http.ts'

/** The limit for the begin request: the profiler has nothing to write yet. */
const START_MS = 60_000
/** Writing the traces of a large model takes minutes. */
const STOP_MS = 3_600_000
/** After a signal: time for the engine to get the stop request and to write small traces. */
const LEAVE_MS = 5_000

export interface ProfileRun {
  readonly http: Http
  readonly url: string
  /** The key that the engine requires; undefined: none. */
  readonly key: string | undefined
  readonly requests: { readonly start: ProfileRequest; readonly stop: ProfileRequest }
  readonly seconds: number
  readonly clock: Clock
  /** Ends the profile early; its traces are still written, but only awaited for a moment. */
  readonly signal: AbortSignal
  /** Called when it records, and when it writes what it has recorded. */
  progress(what: 'recording' | 'writing'): void
}

/**
 * Makes a running engine record a profile, and returns when the engine has written it; `seconds` is the recorded time. `missing`:
 * it was not started with a profiler. Once it may have begun, it is always asked to stop. `isWritten` is false if a signal came
 * and the engine still writes five seconds later.
 *
 * @throws when it refuses, or does not answer.
 */
export async function profileEngine(
  run: ProfileRun,
): Promise<{ readonly seconds: number; readonly isWritten: boolean } | 'missing'> {
  const { requests, clock, signal } = run
  const begun = await untilSignal(run, ask(run, requests.start, START_MS))
  if (begun.kind === 'answered' && begun.status === 404) return 'missing'
  if (begun.kind === 'timeout') await untilSignal(run, ask(run, requests.stop, STOP_MS)) // it may have begun
  if (!isDone(begun)) throw new Error(`Cannot start its profiler: ${describeAnswer(begun)}`)
  const startedAt = clock.now()
  run.progress('recording')
  await clock.sleep(run.seconds * 1_000, signal)
  const seconds = (clock.now() - startedAt) / 1_000
  run.progress('writing')
  const ended = await untilSignal(run, ask(run, requests.stop, STOP_MS))
  if (ended.kind === 'timeout' && signal.aborted) return { seconds, isWritten: false }
  if (!isDone(ended)) throw new Error(`Cannot stop its profiler: ${describeAnswer(ended)}; it may still record`)
  return { seconds, isWritten: true }
}

/** The answer; after a signal a longer wait counts as a time-out. */
async function untilSignal({ clock, signal }: ProfileRun, answer: Promise<HttpAnswer>): Promise<HttpAnswer> {
  const over = new AbortController()
  const leave = async (): Promise<HttpAnswer> => {
    await aborted(signal, over.signal)
    await clock.sleep(LEAVE_MS, over.signal)
    return { kind: 'timeout' }
  }
  return Promise.race([answer, leave()]).finally(() => over.abort())
}

function aborted(...signals: readonly AbortSignal[]): Promise<void> {
  const any = AbortSignal.any([...signals])
  return new Promise(resolve => {
    if (any.aborted) resolve()
    else any.addEventListener('abort', () => resolve(), { once: true })
  })
}

function ask({ http, url, key }: ProfileRun, { method, path, json }: ProfileRequest, timeoutMs: number) {
  return http.ask(url + path, { method, json, bearer: key, timeoutMs })
}

function isDone(answer: HttpAnswer): boolean {
  return answer.kind === 'answered' && answer.status === 200
}

function describeAnswer(answer: HttpAnswer): string {
  if (answer.kind === 'timeout') return 'no answer in time'
  if (answer.kind === 'refused' || answer.kind === 'broken') return answer.message
  if (answer.status === 401) return 'HTTP 401: it requires another key than the one of its start'
  return `HTTP ${answer.status}: ${answer.text.slice(0, 200)}`
}
