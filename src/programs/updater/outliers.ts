import type { GatewayModel } from '../../core/domain/gateway-model.ts'
import { createBlame } from './blame.ts'
import type { Share } from './plan-gateway.ts'
import type { Try } from './tries.ts'

/**
 * Engines whose answers fail while those of others do not. An engine that fails at once has the fewest connections, so nginx
 * would send it most requests.
 *
 * ```
 *            fails, and another does not
 *  serving ───────────────────────────────► aside (a backup server: reached where no other connects)
 *    ▲  ▲                                     │  ▲
 *    │  └── there is no other, or all fail   ┤  │ fails once
 *    │                                        ▼  │
 *    └─ an answer after 5 s without a failure ─ on trial (a few requests), after 5, 10 … 60 s
 * ```
 *
 * If all fail, the cause is in the requests or in something that the engines share: then no engine is set aside, and for a while
 * none will be. The last engine of a tier is never set aside. Failures of one client's requests at all engines are that client's
 * fault (`Blame`) and do not count. This state is not kept on disk: a restarted updater forgets it, and observes it again within a
 * second or two of traffic.
 */
export interface Outliers {
  /** The tries that nginx has logged since the last call. */
  heed(tries: readonly Try[], now: number): void
  /** The servers of the model. One that is no longer in it is forgotten, and comes back as new. */
  among(model: GatewayModel): void
  /** The changes that are due now. */
  assess(now: number): readonly OutlierChange[]
  shareOf(id: string): Share
}

export type OutlierChange =
  | {
      readonly event: 'set aside'
      readonly id: string
      readonly tries: number
      readonly failures: number
      readonly seconds: number
    }
  | { readonly event: 'on trial'; readonly id: string }
  | { readonly event: 'taken back'; readonly id: string; readonly reason: string }

/** Older tries do not count. */
const WINDOW_MS = 3_000
/** Fewer failures may be a few bad requests. */
const FEWEST_FAILURES = 5
/** The limit for an engine that was set aside shortly before, and for one on trial, which gets few requests. */
const FEWEST_AFTER_TRIAL = 2
const FEWEST_ON_TRIAL = 1
const TRIAL_MS = 5_000
/** A connection that fails is never the request's fault. */
const FEWEST_REFUSALS = 2
const HIGH_SHARE = 0.5
const SHORTEST_REST_MS = 5_000
const LONGEST_REST_MS = 60_000
/** After this time since its trial began, an engine counts as any other. */
const PROBATION_MS = 60_000
/** The pause after all have failed, so that one request that fails at each engine in turn does not move them in and out. */
const CALM_MS = 10_000

interface Member {
  readonly tier: string
  tries: (Pick<Try, 'outcome' | 'client'> & { readonly at: number })[]
  asideUntil: number | undefined
  restMs: number
  isOnTrial: boolean
  /** The start of its last trial. */
  triedAt: number | undefined
}

/** `all` of its tries, and the tries that count `of` it. */
interface Counted {
  readonly all: Count
  readonly of: Count
}

interface Count {
  readonly tries: number
  readonly failures: number
  readonly share: number
  readonly fails: boolean
}

export function createOutliers(): Outliers {
  const members = new Map<string, Member>()
  const blame = createBlame()
  let idsAt = new Map<string, string[]>()
  const calmUntil = new Map<string, number>()

  return {
    heed(tries, now) {
      for (const one of tries) {
        for (const id of idsAt.get(one.at) ?? []) {
          members.get(id)?.tries.push({ ...one, at: now })
          blame.note(id, one, now)
        }
      }
    },
    among(model) {
      const servers = model.tiers.flatMap(tier => tier.servers.map(server => ({ ...server, tier: tier.name })))
      idsAt = new Map()
      for (const { id, address, port, tier } of servers) {
        const at = `${address}:${port}`
        idsAt.set(at, [...(idsAt.get(at) ?? []), id])
        if (!members.has(id)) {
          members.set(id, newMember(tier))
        }
      }
      const present = new Set(servers.map(server => server.id))
      for (const id of members.keys()) {
        if (present.has(id)) continue
        members.delete(id)
        blame.forget(id)
      }
    },
    assess(now) {
      for (const member of members.values()) member.tries = member.tries.filter(one => one.at > now - WINDOW_MS)
      const tiers = Map.groupBy(members, ([, member]) => member.tier)
      return [...tiers].flatMap(([tier, all]) => assessTier(tier, all, now))
    },
    shareOf(id) {
      const member = members.get(id)
      if (member?.asideUntil !== undefined) return { backup: true }
      return member?.isOnTrial === true ? { trial: true } : {}
    },
  }

  function assessTier(tier: string, all: readonly [string, Member][], now: number): OutlierChange[] {
    const aside = all.filter(([, member]) => member.asideUntil !== undefined)
    const serving = all
      .filter(([, member]) => member.asideUntil === undefined)
      .map(([id, member]) => ({ id, member, ...countsOf(id, member, now) }))
    if (serving.every(one => one.all.fails)) {
      if (serving.length > 0 && all.length > 1) calmUntil.set(tier, now + CALM_MS)
      // Failures of all engines do not count once one of them is well again.
      for (const [id] of all) blame.forget(id)
      const reason = serving.length > 0 ? 'All others fail too' : 'There is no other engine'
      const changed = all.filter(([, member]) => member.asideUntil !== undefined || member.isOnTrial)
      return changed.map(([id, member]) => takeBack(id, member, reason, undefined))
    }
    const isQuiet = serving.every(one => one.all.tries === 0)
    const back = [
      ...aside.flatMap(([id, member]) => (now >= (member.asideUntil ?? now) ? [putOnTrial(id, member, now)] : [])),
      ...serving.flatMap(({ id, member, of: count }) =>
        member.isOnTrial &&
        (count.tries > 0 || isQuiet) &&
        count.failures === 0 &&
        now - (member.triedAt ?? now) >= TRIAL_MS
          ? [takeBack(id, member, isQuiet ? 'No requests come' : 'It serves again', member.triedAt)]
          : [],
      ),
    ]
    if (now < (calmUntil.get(tier) ?? Number.NEGATIVE_INFINITY)) return back
    const lowest = Math.min(...serving.map(one => one.of.share))
    const outliers = serving.filter(({ of: count }) => count.fails && lowest <= count.share / 2)
    return [...back, ...outliers.map(({ id, member, of: count }) => setAside(id, member, count, now))]
  }

  function countsOf(id: string, member: Member, now: number): Counted {
    const { tries } = member
    const byClient = Map.groupBy(tries, one => one.client)
    const blamed = new Set<string | undefined>()
    for (const [client, its] of byClient) {
      const heard = its.filter(one => one.outcome !== 'refused')
      const failed = heard.filter(one => one.outcome === 'failed')
      if (client === undefined || failed.length === 0) continue
      if (blame.isClients(client, id, failed.length / heard.length)) blamed.add(client)
    }
    const telling = tries.filter(one => one.outcome === 'refused' || !blamed.has(one.client))
    return { all: countOf(tries, member, now), of: countOf(telling, member, now) }
  }

  function takeBack(id: string, member: Member, reason: string, triedAt: number | undefined): OutlierChange {
    blame.forget(id)
    return asNew(id, member, reason, triedAt)
  }
}

function countOf(tries: Member['tries'], member: Member, now: number): Count {
  const refusals = tries.filter(one => one.outcome === 'refused').length
  const failures = refusals + tries.filter(one => one.outcome === 'failed').length
  const share = tries.length === 0 ? 0 : failures / tries.length
  const isMany = failures >= fewestFailures(member, now) || refusals >= FEWEST_REFUSALS
  return { tries: tries.length, failures, share, fails: isMany && share >= HIGH_SHARE }
}

function fewestFailures(member: Member, now: number): number {
  if (member.isOnTrial) return FEWEST_ON_TRIAL
  return isOnProbation(member, now) ? FEWEST_AFTER_TRIAL : FEWEST_FAILURES
}

function isOnProbation({ triedAt }: Member, now: number): boolean {
  return triedAt !== undefined && now - triedAt < PROBATION_MS
}

function setAside(id: string, member: Member, { tries, failures }: Count, now: number): OutlierChange {
  member.restMs = isOnProbation(member, now) ? Math.min(LONGEST_REST_MS, member.restMs * 2) : SHORTEST_REST_MS
  member.asideUntil = now + member.restMs
  member.isOnTrial = false
  return { event: 'set aside', id, tries, failures, seconds: member.restMs / 1_000 }
}

function putOnTrial(id: string, member: Member, now: number): OutlierChange {
  member.asideUntil = undefined
  member.isOnTrial = true
  member.triedAt = now
  member.tries = []
  return { event: 'on trial', id }
}

/** `triedAt` undefined: it was not tested, so it counts as new. */
function asNew(id: string, member: Member, reason: string, triedAt: number | undefined): OutlierChange {
  member.asideUntil = undefined
  member.isOnTrial = false
  member.triedAt = triedAt
  member.tries = []
  return { event: 'taken back', id, reason }
}

function newMember(tier: string): Member {
  const restMs = SHORTEST_REST_MS
  return { tier, tries: [], asideUntil: undefined, restMs, isOnTrial: false, triedAt: undefined }
}
