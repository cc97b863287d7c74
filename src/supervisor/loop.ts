import type { Dismissal } from '../domain/dismissal.ts'
import { type Endpoint, REGISTRY_VERSION, toMessage } from '../domain/endpoint.ts'
import { UNKNOWN_LOAD } from '../domain/load.ts'
import { judge, type Verdict } from '../domain/notice.ts'
import { names, type RoutesFile } from '../domain/routes-file.ts'
import type { Clock } from '../system/clock.ts'
import type {
  CountOomKills,
  EngineEffects,
  RecordEvent,
  RegistryEffects,
  RunningEngine,
  SlurmEffects,
} from './effects.ts'
import {
  NEW_REPLICA,
  type ReplicaAction,
  type ReplicaEvent,
  type ReplicaLimits,
  type ReplicaState,
  step,
} from './machine.ts'

export interface SupervisorOptions {
  /** The endpoint as it never changes: who and where. */
  readonly identity: Pick<Endpoint, 'id' | 'tier' | 'engine' | 'serves' | 'job'>
  readonly limits: ReplicaLimits
  readonly beatMs: number
  readonly signalLeadSeconds: number
  readonly registry: RegistryEffects
  readonly engine: EngineEffects
  /** Undefined: there is no Slurm, hence no notice but a TERM, and no job that comes back. */
  readonly slurm: SlurmEffects | undefined
  readonly record: RecordEvent
  readonly oomKills: CountOomKills
  readonly clock: Clock
  /** Aborted by Slurm's TERM to the batch process. */
  readonly term: AbortSignal
  /** Tells of each operator's request, until the process ends. */
  onDismissal(heard: (dismissal: Dismissal) => void): void
}

/** How often a drain looks, an engine that loads is asked, and deadlines are seen to. */
const TICK_MS = 200
/** How often a serving engine is asked. */
const HEALTH_MS = 5_000
/** An ear that ends at once is not started again sooner than this: srun would be asked in a loop. */
const EAR_APART_MS = 5_000
/** The job leaves without waiting any longer for a shared directory that does not take the file away. */
const WITHDRAW_MS = 2_000
const LONGEST_WAIT_MS = 5_000
/** What the kernel may have done to the engine. */
const MAY_BE_OOM: ReadonlySet<string> = new Set(['engine exited', 'engine unfit', 'model failed'])
/** Who sends a TERM without Slurm means it. */
const CANCELLED: Verdict = { kind: 'leave', cause: 'cancelled', comeBack: false }

/**
 * Runs one replica to its end: one loop, one writer of the state; events flow in, effects flow out. Resolves when the
 * batch process may exit.
 */
export async function supervise(options: SupervisorOptions): Promise<void> {
  const { registry, slurm, record, clock } = options
  const { id, job } = options.identity
  let state: ReplicaState = NEW_REPLICA
  let engine: RunningEngine | undefined
  let wanted: Endpoint | undefined
  let published: Endpoint | undefined
  let earAt = -EAR_APART_MS
  let ears = 0
  let listening = false
  let beats = 0
  let load = UNKNOWN_LOAD
  let oomKills = options.oomKills()
  let withdrawn: Promise<void> = Promise.resolve()
  const over = new AbortController()
  const inbox: ReplicaEvent[] = []
  const troubled = new Set<string>()
  let wake: (() => void) | undefined

  const post = (event: ReplicaEvent) => {
    inbox.push(event)
    wake?.()
  }

  const onTerm = () => {
    if (slurm === undefined && state.phase !== 'new')
      post({ kind: 'verdict', verdict: CANCELLED, heardAt: clock.now() })
    post({ kind: 'term' })
  }
  if (options.term.aborted) onTerm()
  else options.term.addEventListener('abort', onTerm, { once: true })
  options.onDismissal(dismissal => post({ kind: 'dismissed', dismissal }))
  const unfit = await options.engine.preflight()
  post(unfit === undefined ? { kind: 'start' } : { kind: 'unfit', message: unfit })
  void every(TICK_MS, async () => post({ kind: 'tick' }))
  void every(TICK_MS, keepPublished)
  void every(TICK_MS, lookAtDrain)
  void every(options.beatMs, beat)
  void every(options.beatMs, lookAtLoad)

  while (!over.signal.aborted) {
    const event = inbox.shift()
    if (event === undefined) {
      await new Promise<void>(resolve => {
        wake = resolve
      })
      continue
    }
    const [next, actions] = step(state, event, clock.now(), options.limits)
    state = next
    for (const action of actions) await perform(action)
  }
  await withdrawn

  /** Kills since the event before, where the node tells; a count that falls is another cgroup's. */
  function newOomKills(): { oomKills?: number } {
    const before = oomKills
    oomKills = options.oomKills()
    return before === undefined || oomKills === undefined || oomKills < before ? {} : { oomKills: oomKills - before }
  }

  /** Only the start of an engine is waited for; nothing here waits for the shared directory. */
  async function perform(action: ReplicaAction): Promise<void> {
    switch (action.kind) {
      case 'start engine':
        return start()
      case 'load models':
        return void engine?.loadModels(action.models).catch(tell('load models'))
      case 'stop engine':
        return void stop().then(() => post({ kind: 'stopped' }))
      case 'publish':
        wanted = {
          version: REGISTRY_VERSION,
          ...options.identity,
          state: action.state,
          url: engine?.url ?? null,
          ...(engine?.key === undefined ? {} : { key: engine.key }),
          models: [...action.models],
          processes: engine?.processes() ?? [],
          since: clock.date().toISOString(),
          message: action.message === null ? null : toMessage(action.message),
        }
        return void publish(wanted)
      case 'withdraw':
        wanted = undefined
        withdrawn = registry.remove(id).catch(tell('remove the endpoint file'))
        return
      case 'listen':
        return void listen()
      case 'ask slurm':
        return void ask()
      case 'leave':
        return void leave(action.how)
      case 'record':
        return record(action.event, { id, ...action.detail, ...(MAY_BE_OOM.has(action.event) ? newOomKills() : {}) })
      case 'end':
        return over.abort()
    }
  }

  async function start(): Promise<void> {
    try {
      const started = await options.engine.start()
      engine = started
      void started.exited.then(async how => {
        const lines = await started.lastLines()
        if (engine === started) post({ kind: 'exited', message: lines === '' ? how : `${how}: ${lines}` })
      })
      void watchHealth(started)
    } catch (error) {
      post({ kind: 'exited', message: String(error instanceof Error ? error.message : error) })
    }
  }

  async function watchHealth(watched: RunningEngine): Promise<void> {
    let hasExited = false
    void watched.exited.then(() => {
      hasExited = true
    })
    while (engine === watched && !over.signal.aborted) {
      // A drain counts connections: ours stay away from the port (rule 3).
      if (state.phase === 'loading' || state.phase === 'ready') {
        const health = await watched.health()
        // One that was killed refuses a moment before its exit is known, and the exit says more.
        if (health.kind === 'refused') await Promise.race([watched.exited, clock.sleep(TICK_MS, over.signal)])
        if (engine === watched && !hasExited) post({ kind: 'health', health })
      }
      await clock.sleep(state.phase === 'ready' ? HEALTH_MS : TICK_MS, over.signal)
    }
  }

  async function stop(): Promise<void> {
    const stopping = engine
    engine = undefined
    if (stopping === undefined) return
    const pids = stopping.processes().map(one => one.pid)
    const hunted = await stopping.stop()
    record('engine stopped', { id, pids, hunted })
    for (const log of options.engine.logs) await registry.keepLog(log).catch(tell(`keep the log ${log.name}`))
  }

  /** Writes come to the directory in the order in which they were asked for, one at a time. */
  async function publish(endpoint: Endpoint): Promise<void> {
    if (await attempt('publish the endpoint', () => registry.publish(endpoint))) published = endpoint
  }

  async function keepPublished(): Promise<void> {
    if (wanted !== undefined && wanted !== published) await publish(wanted)
  }

  async function listen(): Promise<void> {
    if (listening || slurm === undefined) return
    listening = true
    await clock.sleep(Math.max(0, earAt + EAR_APART_MS - clock.now()), over.signal)
    earAt = clock.now()
    ears += 1
    const hasJustBegun = ears === 1
    // A notice from before the ear could hear would be missed: Slurm is asked once it does.
    const said = over.signal.aborted ? '' : await slurm.listen(() => void ask(hasJustBegun), over.signal)
    listening = false
    if (over.signal.aborted) return
    record('ear ended', { id, said })
    post({ kind: 'ear ended' })
  }

  async function ask(hasJustBegun = false): Promise<void> {
    if (slurm === undefined) return
    const heardAt = clock.now()
    const answer = await slurm.job()
    const ours = { restarts: job.restarts, signalLeadSeconds: options.signalLeadSeconds, hasJustBegun }
    post({ kind: 'verdict', verdict: judge(answer, ours), heardAt })
  }

  /** Asks until Slurm shows that it happened; the TERM that follows ends the process. */
  async function leave(how: 'requeue' | 'cancel'): Promise<void> {
    await Promise.race([withdrawn, clock.sleep(WITHDRAW_MS)])
    if (slurm === undefined) return post({ kind: 'term' }) // nobody else will end us
    for (let waitMs = TICK_MS; !over.signal.aborted; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      const answer = await slurm.job()
      // A state that we do not know may be a running one (rule 1).
      const isKnown = answer === 'forgotten' || (answer !== undefined && answer.state !== 'unknown')
      const isOurs = typeof answer === 'object' && answer.restarts === job.restarts && answer.state === 'running'
      if (isKnown && !isOurs) break
      if (isOurs) await (how === 'requeue' ? slurm.requeue() : slurm.cancel()).catch(tell(how))
      await clock.sleep(waitMs, over.signal)
    }
    record(how === 'requeue' ? 'requeued' : 'cancelled', { id })
    post({ kind: 'left' })
  }

  /** What the routes say counts only once our draining stands in the registry. */
  async function lookAtDrain(): Promise<void> {
    if (state.phase !== 'draining' || engine === undefined) return
    const told = wanted === published
    const cleared = await registry.routes().then(isCleared, () => undefined)
    post({ kind: 'looked', looked: { cleared: told ? cleared : undefined, connections: await engine?.connections() } })
  }

  /** A file that cannot be understood may name us. */
  function isCleared(gateways: ReadonlyMap<string, RoutesFile | undefined>): boolean {
    return [...gateways.values()].every(routes => routes !== undefined && !names(routes, id))
  }

  /** Apart from the beat, which waits for no engine. A drain counts connections: ours stay away from the port (rule 3). */
  async function lookAtLoad(): Promise<void> {
    load = state.phase === 'ready' && engine !== undefined ? await engine.load() : UNKNOWN_LOAD
  }

  /** The counter moves while this process lives and answers for its engine. */
  async function beat(): Promise<void> {
    if (wanted === undefined) return
    beats += 1
    const next = { version: REGISTRY_VERSION, beat: beats, endpoints: { [id]: load } } as const
    await attempt('beat', () => registry.beat(next))
  }

  /** Runs `work` every `ms` until the replica is over, never twice at once. */
  async function every(ms: number, work: () => Promise<void>): Promise<void> {
    while (!over.signal.aborted) {
      await work()
      await clock.sleep(ms, over.signal)
    }
  }

  /** Does what is done again and again, and tells only of the beginning and the end of its trouble. */
  async function attempt(what: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      if (troubled.delete(what)) record('recovered', { id, what })
      return true
    } catch (error) {
      if (!troubled.has(what)) tell(what)(error)
      troubled.add(what)
      return false
    }
  }

  function tell(what: string): (error: unknown) => void {
    return error => record('cannot', { id, what, error: error instanceof Error ? error.message : String(error) })
  }
}
