import type { Clock } from '../../adapters/system/clock.ts'
import { messageOf } from '../../core/domain/caught.ts'
import { type Endpoint, REGISTRY_VERSION } from '../../core/domain/endpoint.ts'
import { judgeNotice, type NoticeVerdict } from '../../core/domain/notice.ts'
import type { ReplicaRequest } from '../../core/domain/replica-request.ts'
import type { CountOomKills, EngineEffects, RecordEvent, RegistryEffects, SlurmEffects } from './effects.ts'
import { runEndpoint } from './endpoint-runner.ts'
import { NEW_ENDPOINT } from './endpoint-state.ts'
import { every } from './every.ts'
import { performLastAct } from './last-act.ts'
import { newReplica, type ReplicaAction, type ReplicaEvent, type ReplicaLimits, step } from './machine.ts'
import { recordTrouble } from './trouble.ts'

export interface SupervisorOptions {
  /** The common part of all endpoints. */
  readonly identity: Pick<Endpoint, 'tier' | 'engine' | 'serves' | 'job' | 'build'>
  /** At least one; each is an engine at its own address. */
  readonly endpoints: readonly { readonly id: string; readonly engine: EngineEffects }[]
  readonly limits: ReplicaLimits
  readonly beatMs: number
  readonly signalLeadSeconds: number
  readonly registry: RegistryEffects
  /** Undefined: without Slurm a TERM is the only notice, and there is no requeue. */
  readonly slurm: SlurmEffects | undefined
  readonly record: RecordEvent
  readonly oomKills: CountOomKills
  readonly clock: Clock
  /** Aborted by Slurm's TERM to the batch process. */
  readonly term: AbortSignal
  /** Reports each request of an operator, until the process ends. */
  onRequest(heard: (request: ReplicaRequest) => void): void
}

/** The interval at which deadlines are checked. */
const TICK_MS = 200
/** The least time between two starts of the notice step, so that a step that ends at once does not cause a loop of srun. */
const NOTICE_STEP_APART_MS = 5_000
/** The longest wait for the shared directory to remove the files. */
const WITHDRAW_MS = 2_000
/** The longest wait for the shared directory to take the logs, if a quarter of KillWait is not less. */
const LOGS_MS = 5_000
/** Events that an out-of-memory kill can cause. */
const MAY_BE_OOM: ReadonlySet<string> = new Set(['engine exited', 'engine unfit', 'model failed'])
/** Without Slurm a TERM is an order to leave. */
const CANCELLED: NoticeVerdict = { kind: 'leave', cause: 'cancelled', requeue: false }

/**
 * Runs one replica to its end: one loop, one writer of the state; events flow in, effects flow out. Resolves when the batch
 * process may exit.
 */
export async function runSupervisor(options: SupervisorOptions): Promise<void> {
  const { registry, slurm, clock } = options
  const { job } = options.identity
  const id = options.endpoints[0]?.id ?? '' // events of the whole replica carry the id of its first endpoint
  let state = newReplica(options.endpoints.length)
  let noticeStepAt = -NOTICE_STEP_APART_MS
  let noticeSteps = 0
  let listening = false
  let beats = 0
  let oomKills = options.oomKills()
  const over = new AbortController()
  const inbox: ReplicaEvent[] = []
  const trouble = recordTrouble(record)
  let wake: (() => void) | undefined
  let logsKept: Promise<unknown> | undefined

  const post = (event: ReplicaEvent) => {
    inbox.push(event)
    wake?.()
  }
  const runners = options.endpoints.map(({ id, engine }, index) =>
    runEndpoint({
      ...{ identity: { id, ...options.identity }, engine, registry, record, trouble, clock, over: over.signal },
      loadMs: options.beatMs,
      state: () => state.endpoints[index] ?? NEW_ENDPOINT,
      post: event => post({ kind: 'endpoint', index, event }),
    }),
  )

  const onTerm = () => {
    if (slurm === undefined && state.phase !== 'new')
      post({ kind: 'verdict', verdict: CANCELLED, heardAt: clock.now() })
    post({ kind: 'term' })
  }
  if (options.term.aborted) onTerm()
  else options.term.addEventListener('abort', onTerm, { once: true })
  options.onRequest(request => {
    if (slurm === undefined) record('asked to leave', { id, comeBack: request.requeue }) // for who keeps us running
    post({ kind: 'drain requested', request })
  })
  const unfit = (await Promise.all(options.endpoints.map(one => one.engine.preflight()))).find(one => one !== undefined)
  post(unfit === undefined ? { kind: 'start' } : { kind: 'unfit', message: unfit })
  void every(TICK_MS, async () => post({ kind: 'tick' }), clock, over.signal)
  void every(options.beatMs, () => trouble.attempt(id, 'keep up its beat', beat), clock, over.signal)

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
    for (const action of actions) perform(action)
  }
  await Promise.all([allWithdrawn(), keepLogsInTime()])

  function perform(action: ReplicaAction): void {
    switch (action.kind) {
      case 'endpoint':
        runners[action.index]?.perform(action.action)
        break
      case 'listen':
        void listen().catch(trouble.report(id, 'listen to Slurm'))
        break
      case 'ask slurm':
        void ask().catch(trouble.report(id, 'ask Slurm'))
        break
      case 'leave':
        void leave(action.how).catch(trouble.report(id, action.how))
        break
      case 'record':
        record(action.event, { id, ...action.detail })
        break
      case 'end':
        over.abort()
    }
  }

  function record(event: string, detail: Readonly<Record<string, unknown>>): void {
    options.record(event, { ...detail, ...(MAY_BE_OOM.has(event) ? newOomKills() : {}) })
  }

  /** Kills since the event before, where the count is available. A falling count belongs to another cgroup. */
  function newOomKills(): { oomKills?: number } {
    const before = oomKills
    oomKills = options.oomKills()
    return before === undefined || oomKills === undefined || oomKills < before ? {} : { oomKills: oomKills - before }
  }

  async function allWithdrawn(): Promise<void> {
    await Promise.all(runners.map(one => one.withdrawn()))
  }

  async function listen(): Promise<void> {
    if (listening || slurm === undefined) return
    listening = true
    await clock.sleep(Math.max(0, noticeStepAt + NOTICE_STEP_APART_MS - clock.now()), over.signal)
    noticeStepAt = clock.now()
    noticeSteps += 1
    const hasJustBegun = noticeSteps === 1
    // A notice before the step receives signals would be missed, so Slurm is asked once it does.
    const begun = () => void ask(hasJustBegun).catch(trouble.report(id, 'ask Slurm'))
    const ending = over.signal.aborted ? '' : await slurm.listen(begun, over.signal).catch(messageOf)
    listening = false
    if (over.signal.aborted) return
    record('ear ended', { id, said: ending })
    post({ kind: 'notice step ended' })
  }

  async function ask(hasJustBegun = false): Promise<void> {
    if (slurm === undefined) return
    const heardAt = clock.now()
    const answer = await slurm.job().catch(() => undefined)
    const ours = { restarts: job.restarts, signalLeadSeconds: options.signalLeadSeconds, hasJustBegun }
    post({ kind: 'verdict', verdict: judgeNotice(answer, ours), heardAt })
  }

  /** Performs the last act. The TERM that follows ends the process. */
  async function leave(how: 'requeue' | 'cancel'): Promise<void> {
    await Promise.race([allWithdrawn(), clock.sleep(WITHDRAW_MS)])
    if (slurm === undefined) {
      post({ kind: 'taken' })
      return post({ kind: 'term' }) // without Slurm no TERM follows
    }
    const taken = () => {
      record(how === 'requeue' ? 'requeued' : 'cancelled', { id })
      post({ kind: 'taken' })
      void keepLogs().catch(trouble.report(id, 'keep the logs'))
    }
    const { restarts } = job
    await performLastAct({ how, restarts, slurm, clock, over: over.signal, taken, refused: trouble.report(id, how) })
    post({ kind: 'left' })
  }

  /** Only after the last act, because copies of logs may take long or hang. */
  function keepLogs(): Promise<unknown> {
    logsKept ??= Promise.all(runners.map(one => one.keepLogs()))
    return logsKept
  }

  /** After the deadline the process ends without the rest. */
  async function keepLogsInTime(): Promise<void> {
    const deadlineMs = Math.min(LOGS_MS, options.limits.killWaitMs / 4)
    const late = clock.sleep(deadlineMs).then(() => 'late')
    if ((await Promise.race([keepLogs(), late])) !== 'late') return
    trouble.report(id, 'keep the logs')(new Error(`No answer within ${deadlineMs / 1_000} s`))
  }

  /** The counter moves while this process lives; it does not wait for an engine. */
  async function beat(): Promise<void> {
    const loads = options.endpoints.flatMap((one, index) => {
      const load = runners[index]?.load()
      return load === undefined ? [] : [[one.id, load] as const]
    })
    if (loads.length === 0) return
    beats += 1
    const endpoints = Object.fromEntries(loads)
    await trouble.attempt(id, 'beat', () => registry.beat({ version: REGISTRY_VERSION, beat: beats, endpoints }))
    // One endpoint with each beat, so that the load on the shared directory does not grow with their number.
    await runners[beats % runners.length]?.heal(isFenced)
  }

  /** Slurm has started the job again, or no longer knows it. */
  async function isFenced(): Promise<boolean> {
    const answer = await slurm?.job()
    return answer === 'forgotten' || (answer !== undefined && answer.restarts > job.restarts)
  }
}
