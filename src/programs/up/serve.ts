import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { endMarked } from '../../adapters/engine/process/engine-process.ts'
import type { Gateway } from '../../adapters/gateway/gateway.ts'
import { placesBelow } from '../../adapters/gateway/state-directory.ts'
import { removeEndpoint } from '../../adapters/registry/publish.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { findProgram } from '../../adapters/system/find-program.ts'
import { startIpcChild } from '../../adapters/system/ipc-child.ts'
import type { Context } from '../../core/context.ts'
import { messageOf } from '../../core/domain/caught.ts'
import { idOf } from '../../core/domain/local-replica.ts'
import { isPrinted, LOG_LEVEL_VARIABLE, type LogLevel, logLevelOf } from '../../core/domain/log-level.ts'
import { formatReplicaSpec } from '../../core/domain/replica-spec.ts'
import { UserError } from '../../core/domain/user-error.ts'
import { toReplicaSpec } from '../../core/job-script/to-replica-spec.ts'
import { idsOf } from '../updater/plan-gateway.ts'
import { runUpdater } from '../updater/run.ts'
import { describeReplicaEvent, describeRoutes, describeUpdaterEvent, parseEvent } from './describe-events.ts'
import { aborted, keepReplica, type ReplicaEffects } from './keep-replica.ts'
import { readEndpoint, show, urlOf } from './show.ts'
import type { SiteOptions, UpSite } from './site.ts'
import {
  GET_LLAMA_SERVER,
  HAS_NO_ENGINE,
  HAS_NO_MODEL,
  LLAMA_SERVER,
  type LocalReplica,
  toLocalReplica,
} from './without-slurm.ts'

export interface UpOptions extends SiteOptions {
  /** End after one answered chat completion. */
  readonly once?: boolean
  readonly logLevel?: string
}

export interface Interrupts {
  /** The first INT, TERM or HUP aborts this: drain and end. */
  readonly stop: AbortController
  /** The second aborts this: end at once. */
  readonly killNow: AbortController
}

export interface SiteRun {
  readonly site: UpSite
  /** The program. */
  readonly nginx: string
  readonly options: UpOptions
  readonly context: Context
  readonly interrupts: Interrupts
}

/** For requests that nginx still has when the engines are gone: they get errors, which are short. */
const NGINX_GRACE_MS = 2_000

/** Runs the site until a signal, or with `once` until it has answered. No process of it runs afterwards. */
export async function serve(run: SiteRun, gateway: Gateway): Promise<void> {
  const { site, options, context, interrupts } = run
  const { config, places } = site
  const { stop, killNow } = interrupts
  const level = logLevelOf({ option: options.logLevel, env: context.env, config: config.log })
  const replicas = await localReplicas(run)
  await mkdir(join(places.work, 'tmp'))
  const report = createReport(context)
  const first = Promise.withResolvers<string>()
  const tried = new Set<LocalReplica>()
  let reached: Record<string, string[]> = {}

  const apply: Gateway['apply'] = async (model, signal, keys) => {
    const outcome = await gateway.apply(model, signal, keys)
    if (outcome.status === 'failed' || stop.signal.aborted) return outcome
    const ids = idsOf(model)
    for (const [tier, line] of describeRoutes(reached, ids, name => urlOf(config, name))) report(tier, line)
    reached = ids
    const id = Object.values(ids).flat()[0]
    if (id !== undefined) first.resolve(id)
    return outcome
  }
  const updaterOver = new AbortController()
  const updating = runUpdater({
    ...{ config, slurm: undefined, signal: updaterOver.signal },
    gateway: { ...gateway, apply },
    accessLog: placesBelow(places.gateway).accessLog,
    level,
    print(line) {
      const event = parseEvent(line)
      if (event === undefined || stop.signal.aborted) return
      report('updater', describeUpdaterEvent(event) ?? asIs(line, level))
    },
  })
  const keeping = replicas.map(replica => {
    const effects = replicaEffects(replica, run, { report, level })
    const ended: typeof effects.ended = (how, waitMs) => {
      effects.ended(how, waitMs)
      if (tried.add(replica).size === replicas.length) first.reject(new Error('Cannot answer: no engine started'))
    }
    return keepReplica({
      ...{ effects: { ...effects, ended }, clock: systemClock, stop: stop.signal, killNow: killNow.signal },
    })
  })

  const answered = first.promise
    .then(id => readEndpoint(places.shared, id))
    .then(endpoint => show({ endpoint, site, context, signal: stop.signal }))
  const ends = [updating, aborted(stop.signal)]
  try {
    if (options.once === true) await Promise.race([answered, ...ends])
    else {
      // With one engine that never starts, there is no reason to wait. With several, the others may start.
      const shown = answered.then(
        () => context.print('Ctrl-C ends all of them'),
        error => (site.isDefault ? Promise.reject(error) : context.print(messageOf(error))),
      )
      await Promise.race([...ends, shown.then(() => Promise.race(ends))])
    }
  } finally {
    // Supervisors end first: their drain waits for the updater's routes. nginx ends last.
    stop.abort()
    await Promise.all(keeping)
    updaterOver.abort('`sluice up` ends')
    await Promise.allSettled([updating])
    await gateway.stop({ graceMs: NGINX_GRACE_MS, signal: killNow.signal })
  }
}

/** Prints a line about a tier, unless it equals the last line about it. */
type Report = (who: string, line: string | undefined) => void

function createReport({ print }: Context): Report {
  const last = new Map<string, string>()
  return (who, line) => {
    if (line === undefined || last.get(who) === line) return
    last.set(who, line)
    print(`${who}: ${line}`)
  }
}

/** Events that are reported nowhere else. */
function asIs(line: string, level: LogLevel): string | undefined {
  return level === 'debug' ? line : undefined
}

function replicaEffects(
  { spec }: LocalReplica,
  { site, context }: SiteRun,
  { report, level }: { report: Report; level: LogLevel },
): ReplicaEffects {
  const { work, shared } = site.places
  let isRemoved = false
  return {
    isRemoved: () => isRemoved,
    start: restarts =>
      startIpcChild({
        argv: [...context.self, 'supervise', '--without-slurm', String(restarts)],
        // Its events are read here at each level, and shown by it.
        env: { ...context.env, TMPDIR: join(work, 'tmp'), [LOG_LEVEL_VARIABLE]: level === 'debug' ? level : 'info' },
        input: formatReplicaSpec(spec),
        onLine(line) {
          const event = parseEvent(line)
          if (event?.event === 'asked to leave') isRemoved = event['comeBack'] === false
          if (event === undefined) report(spec.tier, line)
          else if (isPrinted(event.event, level)) report(spec.tier, describeReplicaEvent(event) ?? asIs(line, level))
        },
      }),
    async clear(pid, restarts) {
      const id = idOf(spec.tier, pid, restarts)
      await endMarked(`SLUICE_ENDPOINT=${id}`, systemClock)
      await removeEndpoint(shared, id).catch(error =>
        report(spec.tier, `cannot remove the files of ${id}: ${messageOf(error)}`),
      )
    },
    ended(how, waitMs) {
      // Its own event has the reason.
      if (how !== 'ended with code 0')
        report(spec.tier, `its supervisor ${how}; the next one starts in ${waitMs / 1_000} s`)
    },
  }
}

/** Every replica of every tier; prints notes about missing engines. */
async function localReplicas({ site, options, context }: SiteRun): Promise<LocalReplica[]> {
  const hasLlamaServer = (await findProgram('llama-server', context.env)) !== undefined
  if (site.isDefault && options.model === undefined) {
    context.print(`demo: ${hasLlamaServer ? HAS_NO_MODEL : HAS_NO_ENGINE}`)
  }
  const replicas = Object.entries(site.config.tiers).flatMap(([name, tier]) => {
    const replica = toLocalReplica(toReplicaSpec(site.config, name), hasLlamaServer)
    return Array.from({ length: tier.replicas }, () => ({ ...replica }))
  })
  const lacking = [...new Set(replicas.filter(one => one.lacks !== undefined).map(one => one.spec.tier))].join(', ')
  const lack = `there is no ${LLAMA_SERVER} on PATH; ${GET_LLAMA_SERVER}`
  if (replicas.length > 0 && replicas.every(one => one.lacks !== undefined)) {
    throw new UserError(`Cannot serve ${options.model === undefined ? lacking : `"${options.model}"`}: ${lack}`)
  }
  if (lacking !== '') context.print(`${lacking}: ${lack}`)
  if (replicas.length === 0) throw new UserError('Cannot run the site: every tier has 0 replicas')
  return replicas
}
