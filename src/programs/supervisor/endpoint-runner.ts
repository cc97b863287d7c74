import type { Clock } from '../../adapters/system/clock.ts'
import { messageOf } from '../../core/domain/caught.ts'
import { type Endpoint, REGISTRY_VERSION, toMessage } from '../../core/domain/endpoint.ts'
import { given } from '../../core/domain/given.ts'
import { type Load, UNKNOWN_LOAD } from '../../core/domain/load.ts'
import type { EngineHealth } from '../../core/engines/engine.ts'
import type { EngineEffects, RecordEvent, RegistryEffects, RunningEngine } from './effects.ts'
import type { EndpointAction, EndpointEvent, EndpointMachineState } from './endpoint-state.ts'
import { every } from './every.ts'
import { seeHolders } from './held.ts'
import type { Trouble } from './trouble.ts'

export interface EndpointRunnerOptions {
  /** The fixed part of the endpoint: its id, job and node. */
  readonly identity: Pick<Endpoint, 'id' | 'tier' | 'engine' | 'serves' | 'job' | 'build'>
  readonly engine: EngineEffects
  readonly registry: RegistryEffects
  readonly record: RecordEvent
  readonly trouble: Trouble
  readonly clock: Clock
  /** The interval of load queries to the engine. */
  readonly loadMs: number
  /** Aborted when the replica is over. */
  readonly over: AbortSignal
  /** The machine's current state. */
  state(): EndpointMachineState
  post(event: EndpointEvent): void
}

export interface EndpointRunner {
  /** Performs one action; returns at once. */
  perform(action: EndpointAction): void
  /** Its engine's last load, for the beat; undefined while there is no endpoint file. */
  load(): Load | undefined
  /** Publishes the file again if it was removed, unless a later run has the place. */
  heal(isFenced: () => Promise<boolean>): Promise<void>
  /** Resolves when its file is gone, if it is to be removed. */
  withdrawn(): Promise<void>
  /** Copies its engine's output to the shared directory, unless it is there; never rejects. */
  keepLogs(): Promise<void>
}

/** The interval of a drain's looks, and of new attempts to write a file. */
const TICK_MS = 200
/** The interval of health checks of a loading engine: at most half a second from its first answer to the first request. */
const LOADING_MS = 100
/** The interval of health checks of a serving engine. */
const HEALTH_MS = 5_000
/** The interval of health checks after a bad answer, and of looks at what needs an unwell engine. */
const UNWELL_MS = 1_000
/** The interval at which its logs are shortened: a disk takes at most a few gigabytes in that time. */
const TRIM_MS = 1_000
/** The interval at which new output is copied to the shared directory: as long as a beat's, because it costs as much. */
const SHOW_MS = 5_000

/** Performs the actions of one endpoint's machine, and reports events of its engine to it. */
export function runEndpoint(options: EndpointRunnerOptions): EndpointRunner {
  const { identity, registry, record, trouble, clock, over, state, post } = options
  const { id } = identity
  let engine: RunningEngine | undefined
  let wanted: Endpoint | undefined
  let published: Endpoint | undefined
  let load = UNKNOWN_LOAD
  let beats: ReadonlyMap<string, number> = new Map()
  let withdrawn: Promise<void> = Promise.resolve()
  let performed: Promise<void> = Promise.resolve()
  let kept: Promise<void> = Promise.resolve()
  let hasPrinted = false
  let isKeeping = false
  let trimmed: Promise<unknown> = Promise.resolve()
  void every(TICK_MS, () => trouble.attempt(id, 'keep its file', keepPublished), clock, over)
  void every(TICK_MS, () => trouble.attempt(id, 'look at its drain', () => lookAtNeed('draining')), clock, over)
  void every(UNWELL_MS, () => trouble.attempt(id, 'look at what needs it', () => lookAtNeed('unwell')), clock, over)
  void every(options.loadMs, () => trouble.attempt(id, 'look at its load', lookAtLoad), clock, over)
  void every(TRIM_MS, () => trouble.attempt(id, 'keep its log short', trimLogs), clock, over)
  void every(SHOW_MS, () => trouble.attempt(id, 'show its log', showLogs), clock, over)
  return {
    perform(action) {
      performed = performed.then(() => act(action)).catch(trouble.report(id, action.kind))
    },
    load: () => (wanted === undefined ? undefined : load),
    heal,
    withdrawn: () => performed.then(() => withdrawn),
    keepLogs,
  }

  function hasStopped(): void {
    post({ kind: 'stopped' })
    // Not awaited; a leaving endpoint copies its logs after the last act (loop.ts).
    if (state().afterStop !== 'leave') void keepLogs().catch(trouble.report(id, 'keep its log'))
  }

  /** Awaits only the start of an engine, never the shared directory. */
  async function act(action: EndpointAction): Promise<void> {
    switch (action.kind) {
      case 'start engine':
        return start()
      case 'load models':
        return void engine?.loadModels(action.models).catch(trouble.report(id, 'load models'))
      case 'stop engine':
        return void stop().catch(trouble.report(id, 'stop the engine')).then(hasStopped, hasStopped)
      case 'publish':
        wanted = {
          version: REGISTRY_VERSION,
          ...identity,
          state: action.state,
          url: engine?.url ?? null,
          ...given({ key: engine?.key }),
          models: [...action.models],
          processes: engine?.processes() ?? [],
          since: clock.date().toISOString(),
          message: action.message === null ? null : toMessage(action.message),
          ...given({ unwell: action.unwell }),
        }
        return void publish(wanted)
      case 'withdraw':
        wanted = undefined
        withdrawn = registry.remove(id).catch(trouble.report(id, 'remove the endpoint file'))
        return
      case 'record':
        return record(action.event, { id, ...action.detail })
    }
  }

  async function start(): Promise<void> {
    try {
      const started = await options.engine.start()
      engine = started
      hasPrinted = true
      void started.exited.then(
        async how => {
          const lines = await started.lastLines().catch(() => '') // the exit is reported without them too
          if (engine === started) post({ kind: 'exited', message: lines === '' ? how : `${how}: ${lines}` })
        },
        trouble.report(id, 'see its end'),
      )
      void watchHealth(started).catch(trouble.report(id, 'watch its health'))
    } catch (error) {
      post({ kind: 'exited', message: messageOf(error) })
    }
  }

  async function watchHealth(watched: RunningEngine): Promise<void> {
    let hasExited = false
    let isWell = true
    const exited = () => {
      hasExited = true
    }
    void watched.exited.then(exited, exited)
    while (engine === watched && !over.aborted) {
      // A drain counts connections, so we do not connect to the port ("withdraw before you stop", docs/design/rules.md).
      const { phase } = state()
      if (phase === 'loading' || phase === 'ready') {
        const health = await watched.health().catch(asErring)
        isWell = health.kind === 'ready'
        // A killed engine refuses connections a moment before its exit is known, and the exit has more information.
        if (health.kind === 'refused') await Promise.race([watched.exited, clock.sleep(TICK_MS, over)])
        if (engine === watched && !hasExited) post({ kind: 'health', health })
      }
      await clock.sleep(state().phase !== 'ready' ? LOADING_MS : isWell ? HEALTH_MS : UNWELL_MS, over)
    }
  }

  async function stop(): Promise<void> {
    const stopping = engine
    engine = undefined
    if (stopping === undefined) return
    const pids = stopping.processes().map(one => one.pid)
    const stragglers = await stopping.stop()
    record('engine stopped', { id, pids, hunted: stragglers })
  }

  function keepLogs(): Promise<void> {
    kept = kept.then(async () => {
      if (!hasPrinted) return
      hasPrinted = false
      isKeeping = true
      await trimmed
      for (const log of options.engine.logs) {
        await registry.keepLog(log).catch(error => {
          hasPrinted = true
          trouble.report(id, `keep the log ${log.name}`)(error)
        })
      }
      isKeeping = false
    })
    return kept
  }

  /** Never during a copy, which would mix the old and the new text. */
  async function trimLogs(): Promise<void> {
    if (engine === undefined || isKeeping) return
    trimmed = trouble.attempt(id, 'trim its logs', options.engine.trimLogs).then(() =>
      trouble.attempt(id, 'read its logs', async () => {
        for (const log of options.engine.logs) await registry.collectLog(log)
      }),
    )
    await trimmed
  }

  /** The last output of an engine is copied with the whole log. */
  async function showLogs(): Promise<void> {
    if (engine === undefined || isKeeping) return
    for (const log of options.engine.logs) await registry.showLog(log)
  }

  /** Writes reach the directory in their order, one at a time. */
  async function publish(endpoint: Endpoint): Promise<void> {
    if (await trouble.attempt(id, 'publish the endpoint', () => registry.publish(endpoint))) published = endpoint
  }

  /** An unknown state causes no action ("unknown is not none", docs/design/rules.md). */
  async function heal(isFenced: () => Promise<boolean>): Promise<void> {
    const ours = published
    if (ours === undefined || wanted !== ours) return
    const fileState = await registry.stands(ours).catch(() => 'unknown')
    if (fileState !== 'gone' || (await isFenced()) || wanted !== ours) return
    record('published again', { id })
    published = undefined
    await publish(ours)
  }

  async function keepPublished(): Promise<void> {
    if (wanted !== undefined && wanted !== published) await publish(wanted)
  }

  /** The routes files count only once our own state is in the registry. */
  async function lookAtNeed(of: 'draining' | 'unwell'): Promise<void> {
    const { phase, unwell } = state()
    const isDue = of === 'draining' ? phase === 'draining' : phase === 'ready' && unwell !== undefined
    if (!isDue || engine === undefined) return
    const isPublished = wanted === published
    const held = await registry.routes().then(
      routes => seeHolders(id, routes, beats),
      () => undefined, // not known; the look reports it
    )
    beats = held?.beats ?? beats
    const connections = await engine?.connections().catch(() => undefined)
    const cleared = isPublished && held !== undefined ? held.by.length === 0 : undefined
    const looked = { cleared, connections, heldBy: held?.by ?? [], isHeldByLiving: held?.byLiving ?? false }
    post({ kind: 'looked', looked })
  }

  /**
   * Separate from the beat, which does not wait for an engine. A drain counts connections, so we do not connect to the port
   * ("withdraw before you stop", docs/design/rules.md).
   */
  async function lookAtLoad(): Promise<void> {
    load =
      state().phase === 'ready' && engine !== undefined ? await engine.load().catch(() => UNKNOWN_LOAD) : UNKNOWN_LOAD
  }
}

/** An answer that our code cannot handle counts as a wrong answer of the engine. */
function asErring(error: unknown): EngineHealth {
  return { kind: 'erring', message: `Cannot understand its answer: ${messageOf(error)}` }
}
