import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../../adapters/system/clock.ts'
import { messageOf } from '../../core/domain/caught.ts'
import { REGISTRY_VERSION } from '../../core/domain/endpoint.ts'
import type { EngineKeys } from '../../core/domain/engine-key.ts'
import type { GatewayModel } from '../../core/domain/gateway-model.ts'
import { isUnderstood } from '../../core/domain/routes-file.ts'
import type { GatewayEffects, RecordEvent, RegistryEffects } from './effects.ts'
import {
  asideIn,
  compare,
  difference,
  idsOf,
  tierChanges,
  union,
  withoutAdditions,
  withoutWords,
} from './plan-gateway.ts'
import type { Reporter } from './reporter.ts'

export interface RoutingOptions {
  readonly gatewayName: string
  readonly gateway: GatewayEffects
  readonly registry: Pick<RegistryEffects, 'routes' | 'writeRoutes'>
  readonly beatMs: number
  readonly report: Reporter
  readonly record: RecordEvent
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Called when a delayed change may be applied. */
  readonly wake: () => void
  /** Whether a change of words alone waits until it has lasted; true without it. One round cannot wait. */
  readonly wordsRest?: boolean
}

/**
 * Brings nginx and routes/ to a model, in the order that keeps routes/ true ("withdraw before you stop" and
 * "what is on disk runs", docs/design/rules.md).
 */
export interface Routing {
  /** The endpoints that nginx may reach from before our start, and its keys if it reports them. */
  recall(): Promise<EngineKeys | undefined>
  /** Whether the running nginx may reach this endpoint; when in doubt, true. */
  reaches(id: string): boolean
  /** Brings both to the model as far as is allowed now, and moves the beat of routes/ when it is due. */
  bring(model: GatewayModel, keysOf: (model: GatewayModel) => EngineKeys): Promise<void>
}

/** The least time between additions, so that a starting tier costs few reloads. Withdrawals never wait. */
const ADDITIONS_APART_MS = 1_000
/** The interval at which an unchanged gateway is verified: a killed nginx is started again. */
const CHECK_MS = 5_000
const LONGEST_RETRY_MS = 60_000
/** A change that affects only the text for clients of an empty tier must last this long, so that a short phase costs no reload. */
const WORDS_REST_MS = 2_000
/** The least time between reloads for such texts alone. */
const WORDS_APART_MS = 10_000

export function createRouting(options: RoutingOptions): Routing {
  const { gateway, registry, report, record, clock, signal } = options
  /** By tier. */
  let reached: Record<string, string[]> = {}
  let running: GatewayModel | undefined
  let generation = 0
  let beat = 0
  let writtenRoutes = ''
  let beatAt = Number.NEGATIVE_INFINITY
  let changedAt = Number.NEGATIVE_INFINITY
  let checkedAt = Number.NEGATIVE_INFINITY
  let failures = 0
  let retryAt = 0
  let wordsDifferSince: number | undefined
  let wordsAt = Number.NEGATIVE_INFINITY

  return {
    recall,
    reaches: id => Object.values(reached).some(ids => ids.includes(id)),
    async bring(model, keysOf) {
      await apply(differsInWords(model) && !mayReport() ? (running ?? model) : model, keysOf)
      await writeRoutes(clock.now() - beatAt >= options.beatMs)
    },
  }

  /** The model that is due. A gateway in an unknown state is brought to the whole model. */
  function differsInWords(model: GatewayModel): boolean {
    const isSo = running !== undefined && !isDeepStrictEqual(model, running) && isSameButWords(model, running)
    wordsDifferSince = isSo ? (wordsDifferSince ?? clock.now()) : undefined
    return isSo
  }

  function isSameButWords(one: GatewayModel, other: GatewayModel): boolean {
    return isDeepStrictEqual(withoutWords(one), withoutWords(other))
  }

  function mayReport(): boolean {
    if (options.wordsRest === false) return true
    const now = clock.now()
    return now - (wordsDifferSince ?? now) >= WORDS_REST_MS && now - wordsAt >= WORDS_APART_MS
  }

  /** As nginx reports it, or as routes/ has it when nginx gives no answer. */
  async function recall(): Promise<EngineKeys | undefined> {
    try {
      const before = await gateway.running(signal)
      if (before === undefined) return undefined
      running = before.model
      generation = before.generation
      reached = idsOf(before.model)
      return before.keys
    } catch (error) {
      report.state('gateway', `Cannot find out what nginx serves: ${messageOf(error)}`)
      const routes = await registry.routes().catch(() => undefined) // the first scan reports an unreadable registry
      const ours = routes?.get(options.gatewayName)
      reached = ours !== undefined && isUnderstood(ours) ? ours.tiers : {}
      return undefined
    }
  }

  async function apply(model: GatewayModel, keysOf: (model: GatewayModel) => EngineKeys): Promise<void> {
    const now = clock.now()
    const changed = !isDeepStrictEqual(model, running)
    if (!changed && now - checkedAt < CHECK_MS) return
    if (failures > 0 && now < retryAt) return
    const target = await allow(model)
    if (target === undefined) return
    checkedAt = now
    const outcome = await gateway.apply(target, signal, keysOf(target))
    if (outcome.status === 'failed') {
      running = undefined // not known: an equal model must not hide the failure
      failures += 1
      retryAt = clock.now() + Math.min(LONGEST_RETRY_MS, 1_000 * 2 ** (failures - 1))
      const danger = outcome.restored ? '' : '; nginx may not be serving'
      report.state('gateway', `Cannot ${outcome.step}: ${outcome.message}${danger}`)
      return
    }
    failures = 0
    const before = running === undefined ? undefined : idsOf(running)
    const isWords = running !== undefined && target !== running && isSameButWords(target, running)
    running = target
    generation = outcome.generation
    reached = idsOf(target)
    for (const { tier, event } of before === undefined ? [] : tierChanges(before, reached)) {
      record(`tier ${event}`, { tier })
    }
    if (outcome.status === 'applied') {
      const reloadMs = Math.round(outcome.reloadMs)
      if (isWords) wordsAt = clock.now()
      else changedAt = clock.now()
      const change = isWords ? {} : difference(before ?? {}, reached)
      record(isWords ? 'answers changed' : 'routes changed', { generation, reloadMs, ...change })
    }
    report.state('gateway', undefined)
  }

  /**
   * The part of a model that may be applied now. An id is in routes/ before nginx may reach it, so nothing is added while routes/
   * cannot be written. Undefined: nothing to do yet.
   */
  async function allow(model: GatewayModel): Promise<GatewayModel | undefined> {
    if (!compare(reached, model).adds) return model
    const withdrawals = withoutAdditions(model, reached)
    const meanwhile = running === undefined || compare(reached, withdrawals).drops ? withdrawals : undefined
    const apart = changedAt + ADDITIONS_APART_MS - clock.now()
    if (apart > 0) {
      void clock.sleep(apart, signal).then(options.wake)
      return meanwhile
    }
    const before = reached
    reached = union(reached, idsOf(model))
    if (await writeRoutes(true)) return model
    reached = before
    return meanwhile
  }

  /** Writes `reached` to routes/; true when routes/ has it. */
  async function writeRoutes(always: boolean): Promise<boolean> {
    const aside = running === undefined ? {} : asideIn(running)
    const text = JSON.stringify([generation, reached, aside])
    const changed = text !== writtenRoutes
    if (!changed && !always) return true
    beat += 1
    try {
      const routes = {
        version: REGISTRY_VERSION,
        gateway: options.gatewayName,
        beat,
        generation,
        tiers: reached,
        ...(Object.keys(aside).length === 0 ? {} : { aside }),
      } as const
      await registry.writeRoutes(routes, { flush: changed })
      writtenRoutes = text
      beatAt = clock.now()
      report.state('routes', undefined)
      return true
    } catch (error) {
      report.state('routes', `Cannot write the routes file: ${messageOf(error)}; nothing is added meanwhile`)
      return false
    }
  }
}
