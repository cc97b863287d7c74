import type { Clock } from '../../adapters/system/clock.ts'
import { rangesOf } from '../../core/domain/address.ts'
import { messageOf } from '../../core/domain/caught.ts'
import { addressOf } from '../../core/domain/endpoint.ts'
import type { EngineKeys } from '../../core/domain/engine-key.ts'
import type { GatewayModel, Waiting } from '../../core/domain/gateway-model.ts'
import { given } from '../../core/domain/given.ts'
import { listensOf } from '../../core/domain/listen-address.ts'
import { formatProblem } from '../../core/domain/problem.ts'
import { isUnderstood } from '../../core/domain/routes-file.ts'
import type { GatewayEffects, NetworkEffects, RegistryEffects, SlurmEffects } from './effects.ts'
import { createEngineKeyCache } from './engine-key-cache.ts'
import type { UpdaterOptions } from './loop.ts'
import { type ObservedEndpoints, observeEndpoints } from './observed-endpoints.ts'
import { proven } from './ownership.ts'
import { type GatewayPlan, idsOf, planGateway, type Share, type StaticTier, staticPartOf } from './plan-gateway.ts'
import type { Poll } from './routability.ts'
import { waitingOf } from './waiting.ts'

export interface LookOptions
  extends Pick<
    UpdaterOptions,
    'gatewayName' | 'listen' | 'connectionsPerClient' | 'tiers' | 'networks' | 'leaseMs' | 'jobWords'
  > {
  readonly registry: Pick<RegistryEffects, 'scan' | 'routes' | 'keptKey'>
  readonly gateway: Pick<GatewayEffects, 'running'>
  /** Undefined: there is no Slurm. */
  readonly slurm: Pick<SlurmEffects, 'jobs'> | undefined
  readonly network: Pick<NetworkEffects, 'resolve' | 'ownAddresses'>
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** What one look at everything has found, and what should be by it. */
export interface Look {
  readonly plan: GatewayPlan
  /** What nginx serves; `none`: nothing runs; undefined: it could not be found out. */
  readonly running: { readonly model: GatewayModel; readonly generation: number } | 'none' | undefined
  /** What nginx may reach, by tier: by its own word, or else by routes/. */
  readonly reached: Record<string, string[]>
  readonly keysOf: (model: GatewayModel) => EngineKeys
  /** What could not be found out, in words: nothing is withdrawn for it ("unknown is not none", docs/design/rules.md). */
  readonly troubles: readonly string[]
}

/**
 * Looks at nginx, the registry and Slurm once, in this order, and plans from that alone. What only time shows is as it was:
 * each lease is fresh, so an endpoint whose beat stands still counts as alive; those set aside stay so; a tier that stays
 * empty keeps the words of its answers.
 *
 * @throws when the registry cannot be read
 */
export async function lookOnce(options: LookOptions): Promise<Look> {
  const { registry, slurm, network, clock } = options
  const troubles: string[] = []
  const before = await recall(options, troubles)
  const keys = createEngineKeyCache(registry.keptKey)
  keys.remember(before.keys)
  const scan = await registry.scan({ beats: true })
  troubles.push(...scan.problems.map(formatProblem))
  const unread = await keys.learn(scan.endpoints)
  if (unread !== undefined) troubles.push(unread)
  const observed = observeEndpoints(new Map(), scan, clock.now(), undefined)
  const poll = slurm && (await pollOnce(slurm, clock, troubles))
  const addresses = await resolveAll(observed, poll, network)
  const running = typeof before.running === 'object' ? before.running.model : undefined
  const servers = new Map(running?.tiers.flatMap(tier => tier.servers.map(server => [server.id, server] as const)))
  const plan = planGateway(
    staticPartOf(options),
    observed,
    {
      poll,
      connects: () => undefined,
      addressesOf: node => addresses.get(node),
      knowsKey: keys.knows,
      isRouted: id => Object.values(before.reached).some(ids => ids.includes(id)),
      networks: rangesOf(options.networks),
      ownAddresses: network.ownAddresses(),
      ownListens: listensOf(options),
      loopbackOnly: slurm === undefined,
      leaseMs: options.leaseMs,
    },
    id => shareAsIn(servers.get(id)),
    tier =>
      wordsAsIn(running, tier) ??
      waitingOf(tier, { ...{ observed, poll, jobs: options.jobWords }, ...UNWATCHED, now: clock.date() }),
  )
  return { plan, running: before.running, reached: before.reached, keysOf: keys.neededBy, troubles }
}

/** What an updater knows that has watched for a while. */
const UNWATCHED = { loadMs: () => undefined, before: undefined }

async function recall({ gateway, registry, gatewayName, signal }: LookOptions, troubles: string[]) {
  try {
    const found = await gateway.running(signal)
    if (found === undefined) return { running: 'none' as const, reached: {}, keys: {} }
    return { running: found, reached: idsOf(found.model), keys: found.keys }
  } catch (error) {
    troubles.push(`${messageOf(error)}; the routes file says what it reaches`)
    const ours = (await registry.routes()).get(gatewayName)
    return { running: undefined, reached: ours !== undefined && isUnderstood(ours) ? ours.tiers : {}, keys: {} }
  }
}

async function pollOnce(
  slurm: LookOptions['slurm'] & object,
  clock: Clock,
  troubles: string[],
): Promise<Poll | undefined> {
  // A poll speaks of what was seen before it ("who may be routed", docs/design/rules.md), and clocks count milliseconds.
  await clock.sleep(1)
  const startedAt = clock.now()
  const answer = await slurm.jobs()
  if ('jobs' in answer) {
    if (!answer.complete) troubles.push('Cannot read all that squeue prints')
    return { startedAt, jobs: new Map(answer.jobs.map(job => [job.id, job])), complete: answer.complete }
  }
  troubles.push(answer.message)
  return undefined
}

async function resolveAll(observed: ObservedEndpoints, poll: Poll | undefined, { resolve }: LookOptions['network']) {
  const endpoints = [...proven(observed, poll).values()].map(({ endpoint }) => endpoint)
  const nodes = [...new Set(endpoints.map(({ job }) => job.node))]
  const found = await Promise.all(
    nodes.map(async node => {
      const wanted = endpoints.filter(({ job }) => job.node === node).flatMap(one => addressOf(one)?.address ?? [])
      return [node, await resolve(node, wanted).catch(() => undefined)] as const
    }),
  )
  return new Map(found)
}

function shareAsIn({ backup, trial }: Share = {}): Share {
  return given({ backup, trial })
}

function wordsAsIn(running: GatewayModel | undefined, { name }: StaticTier): Waiting | undefined {
  return running?.tiers.find(tier => tier.name === name)?.waiting
}
