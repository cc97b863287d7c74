import { EventEmitter } from 'node:events'
import { resolve } from 'node:path'
import { askHealth } from '../adapters/engine/health.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { createHttp } from '../adapters/system/http.ts'
import type { ConfigFinding } from '../core/config/config-finding.ts'
import { readServerOptions } from '../core/config/server-options.ts'
import { messageOf } from '../core/domain/caught.ts'
import type { EngineSpec } from '../core/domain/engine-spec.ts'
import { given } from '../core/domain/given.ts'
import type { ServerOptions, ServerSettings } from '../core/domain/server-options.ts'
import { UserError } from '../core/domain/user-error.ts'
import type { Engine, EngineHealth } from '../core/engines/engine.ts'
import { ENGINES, type EngineName } from '../core/engines/index.ts'
import { profileRequests } from '../core/engines/profiling.ts'
import { type LaunchedServer, launchServer } from './launch-server.ts'
import type { CleanupReport } from './process-tracker.ts'
import { serverSpec } from './server-spec.ts'
import { afterLook, describeHealth, isAtRest, type ServerState, type StateChange } from './server-state.ts'

/** The interval of health checks of a starting server. */
const STARTUP_LOOK_MS = 200
/** Writing a large model's profile takes ten minutes, and the engine's answer waits for that. */
const PROFILE_ANSWER_MS = 3_600_000

/** `state` is emitted at every change, and also an event with the name of the new state; `cleanup` after a stop in debug mode. */
export type ServerEvents = { state: [StateChange]; cleanup: [CleanupReport] } & {
  [Name in ServerState]: [StateChange]
}

/** An error of a server; the message includes its last lines. */
export class ServerError extends Error {
  override readonly name = 'ServerError'
  readonly lastLines: string | undefined

  constructor(message: string, lastLines?: string, options?: ErrorOptions) {
    super(lastLines ? `${message}; it printed last:\n${lastLines}` : message, options)
    this.lastLines = lastLines
  }
}

/**
 * An inference server as a child of this process: started, watched, and ended with all its processes. It also ends when this
 * process ends in any way.
 *
 * A backend of your own extends it with `backendName` and `launchCommand`, and with `healthEndpoint` if that is not `/health`.
 */
export abstract class InferenceServer extends EventEmitter<ServerEvents> implements AsyncDisposable {
  /** The options with every default. */
  readonly settings: ServerSettings
  /** @internal */
  protected readonly spec: EngineSpec
  readonly #http = createHttp()
  #state: ServerState = 'idle'
  #run: Run | undefined

  /** @throws UserError with every problem of the options. */
  constructor(options: ServerOptions, engine: EngineName = 'custom') {
    super()
    const { settings, findings } = readServerOptions(options, { engine, spelling: 'camelCase' })
    if (settings === undefined) throw userError(findings)
    this.settings = settings
    this.spec = serverSpec(engine, settings)
  }

  abstract backendName(): string

  /** The program that serves, and its arguments. */
  abstract launchCommand(): readonly string[]

  /** The path that answers 200 once it can serve. */
  healthEndpoint(): string {
    return `${this.url}/health`
  }

  /** Its endpoints' paths by name. */
  listEndpoints(): Readonly<Record<string, string>> {
    return { health: this.healthEndpoint() }
  }

  /** How to start and check it; to be overridden by a backend that needs another environment or other limits. */
  protected engine(): Engine {
    return ENGINES[this.spec.engine]
  }

  /** @internal Below its address; undefined where its list of models is not asked for. */
  protected modelsPath(): string | undefined {
    return this.engine().paths(this.spec).models
  }

  get model(): string {
    return this.settings.model
  }

  get port(): number {
    return this.settings.port
  }

  get host(): string {
    return this.settings.host
  }

  /** Its URL from this machine, without a slash at the end. */
  get url(): string {
    const host = this.host === '0.0.0.0' ? '127.0.0.1' : this.host
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.port}`
  }

  get state(): ServerState {
    return this.#state
  }

  /** The pid of the server's first process, while there is one. */
  get pid(): number | undefined {
    return this.#run?.launched?.pid
  }

  /**
   * Starts it and resolves once it can serve.
   *
   * @throws ServerError as soon as it has ended, reports that it cannot serve, or is not ready after `startupTimeout`; no process
   *   of it is left then.
   */
  async start(): Promise<this> {
    if (!isAtRest(this.#state)) {
      throw new ServerError(`Cannot start ${this.backendName()}: it is ${this.#state}; stop it first`)
    }
    const { settings } = this
    const run: Run = {
      ended: new AbortController(),
      launching: launchServer({
        ...{ engine: this.engine(), name: this.#engineName(), settings, command: this.launchCommand() },
      }),
    }
    this.#run = run
    this.#change('starting')
    let failure: string | undefined
    try {
      run.launched = await run.launching
      failure = await this.#comeUp(run.launched, run.ended.signal)
    } catch (cause) {
      throw await this.#failToStart(run, messageOf(cause), cause)
    }
    if (failure !== undefined) throw await this.#failToStart(run, failure)
    void this.#watch(run, run.launched)
      .catch(error => this.#fail(run, messageOf(error)))
      .catch(() => undefined) // a stop reports it
    return this
  }

  /**
   * Ends it with all its processes: TERM, and KILL after the engine's grace. Does nothing if it does not run.
   *
   * @returns in debug mode, the processes that were found on the machine afterwards.
   * @throws ServerError in debug mode, when a process of it cannot be ended.
   */
  async stop(): Promise<CleanupReport | undefined> {
    const run = this.#run
    if (run === undefined) return undefined
    run.stopped ??= this.#end(run)
    return run.stopped
  }

  /** Whether it can serve now; the check counts as a heartbeat. */
  async checkHealth(): Promise<boolean> {
    const run = this.#run
    if (run?.launched === undefined) return false
    const health = await this.#look()
    this.#observe(run, health)
    return health.kind === 'ready'
  }

  /** Makes the running engine begin a profile. @throws ServerError when it cannot. */
  async startProfile(): Promise<void> {
    await this.#askForProfile('start')
  }

  /** Ends the profile and resolves when the engine has written it, which takes minutes for a large model. */
  async stopProfile(): Promise<void> {
    await this.#askForProfile('stop')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Resolves once it is ready, or with the reason why it will not be. */
  async #comeUp(launched: LaunchedServer, ended: AbortSignal): Promise<string | undefined> {
    const { startupTimeout } = this.settings
    const over = Promise.race([launched.exited, systemClock.sleep(startupTimeout * 1_000, ended).then(() => undefined)])
    let last: EngineHealth | undefined
    for (;;) {
      const outcome = await Promise.race([over.then(how => ({ how })), this.#look()])
      if ('how' in outcome) {
        const late = `Not ready after ${startupTimeout} s`
        const words = last === undefined ? undefined : describeHealth(last)
        return outcome.how ?? (words === undefined ? late : `${late}: ${words}`)
      }
      last = outcome
      const after = afterLook(this.#state, outcome)
      if (after?.to === 'failed') return after.message
      if (after !== undefined) this.#change(after.to, after)
      if (outcome.kind === 'ready') return undefined
      await Promise.race([over, systemClock.sleep(STARTUP_LOOK_MS, ended)])
    }
  }

  async #watch(run: Run, launched: LaunchedServer): Promise<void> {
    const { signal } = run.ended
    const failing = launched.exited.then(async how => {
      if (signal.aborted) return // asked for
      await this.#fail(run, `${how} without a stop`)
    })
    failing.catch(() => undefined) // a stop reports it
    while (!signal.aborted) {
      await systemClock.sleep(this.settings.heartbeatInterval * 1_000, signal)
      if (!signal.aborted) this.#observe(run, await this.#look())
    }
  }

  /** What its files and profilers call it: a program that Sluice does not know has the backend's name. */
  #engineName(): string {
    const { name } = this.engine()
    return name === ENGINES.custom.name ? this.backendName() : name
  }

  #look(): Promise<EngineHealth> {
    const models = this.modelsPath()
    const at = {
      health: this.healthEndpoint(),
      models: models === undefined ? undefined : this.url + models,
      timeoutMs: this.settings.heartbeatTimeout * 1_000,
    }
    return askHealth({ http: this.#http, engine: this.engine(), spec: this.spec }, at)
  }

  #observe(run: Run, health: EngineHealth): void {
    const after = afterLook(this.#state, health)
    if (after === undefined || after.to === 'failed' || run.ended.signal.aborted) return
    this.#change(after.to, after)
  }

  async #end(run: Run): Promise<CleanupReport | undefined> {
    run.ended.abort()
    this.#change('stopping')
    const launched = await run.launching.catch(() => undefined) // start() reports the reason
    const report = await launched?.stop()
    this.#rest('stopped', {}, report)
    if (report !== undefined && report.left.length > 0) {
      throw new ServerError(`Cannot stop ${this.backendName()}: ${hanging(report)}`)
    }
    return report
  }

  async #failToStart(run: Run, message: string, cause?: unknown): Promise<ServerError> {
    if (run.stopped !== undefined) {
      await run.stopped
      return new ServerError(`Cannot start ${this.backendName()}: it was stopped meanwhile`)
    }
    const lastLines = await this.#fail(run, message)
    return new ServerError(`Cannot start ${this.backendName()}: ${message}`, lastLines, given({ cause }))
  }

  /** Ends its remaining processes at once. Resolves with its last lines. */
  #fail(run: Run, message: string): Promise<string | undefined> {
    run.ended.abort()
    const cleared = this.#clear(run, message)
    run.stopped = cleared.then(({ report }) => report) // a stop from now on awaits this one
    run.stopped.catch(() => undefined) // if there is no such stop
    return cleared.then(({ lastLines }) => lastLines)
  }

  async #clear({ launched }: Run, message: string) {
    const lastLines = await launched?.lastLines().catch(() => undefined)
    const report = await launched?.kill()
    const left = report === undefined || report.left.length === 0 ? '' : `; ${hanging(report)}`
    this.#rest('failed', { message: message + left, lastLines }, report)
    return { lastLines, report }
  }

  #rest(state: 'stopped' | 'failed', why: Why, report: CleanupReport | undefined): void {
    this.#run = undefined
    this.#change(state, why)
    if (report !== undefined) this.emit('cleanup', report)
  }

  async #askForProfile(what: 'start' | 'stop'): Promise<void> {
    const { profile } = this.settings
    const directory = profile === undefined ? undefined : resolve(profile.outputDir)
    const name = this.backendName()
    const request = profileRequests(this.#engineName(), { tool: profile?.tool, directory })?.[what]
    if (request === undefined) {
      throw new ServerError(
        `Cannot ${what} a profile: ${name} has no request for that while it runs; use profile in its options`,
      )
    }
    const { method, path, json } = request
    const answer = await this.#http.ask(this.url + path, { method, json, timeoutMs: PROFILE_ANSWER_MS })
    if (answer.kind === 'answered' && answer.status === 200) return
    const found = answer.kind === 'answered' ? `HTTP ${answer.status}: ${answer.text.slice(0, 200)}` : answer.kind
    throw new ServerError(`Cannot ${what} a profile of ${name}: ${found}`)
  }

  #change(to: ServerState, { message, lastLines }: Why = {}): void {
    const change: StateChange = { from: this.#state, to, message, lastLines, at: systemClock.date() }
    this.#state = to
    this.emit('state', change)
    this.emit(to, change)
  }
}

/** One line for each. */
export function userError(findings: readonly ConfigFinding[]): UserError {
  return new UserError(findings.map(({ message, fix }) => `${message}; ${fix}`))
}

function hanging({ left }: CleanupReport): string {
  return `processes that outlive KILL hang in the kernel: ${left.map(({ pid, title }) => `${pid} (${title})`).join(', ')}`
}

type Why = Partial<Pick<StateChange, 'message' | 'lastLines'>>

interface Run {
  /** Aborted when its stop begins: later ends of processes are expected. */
  readonly ended: AbortController
  readonly launching: Promise<LaunchedServer>
  launched?: LaunchedServer
  stopped?: Promise<CleanupReport | undefined>
}
