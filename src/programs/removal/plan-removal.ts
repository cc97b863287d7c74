import { type Endpoint, replicaId } from '../../core/domain/endpoint.ts'
import type { JobAnswer } from '../../core/domain/notice.ts'

/** drain: finish the answers, then cancel. requeue: finish them, then requeue. now: cancel at once. */
export type Manner = 'drain' | 'requeue' | 'now'

/** A job to remove, with its run when the command began. */
export interface RemovalTarget {
  readonly tier: string
  readonly jobId: string
  readonly restarts: number
}

/** Its observed state. Undefined: not known, and then we wait ("unknown is not none", docs/design/rules.md). */
export interface ObservedJob {
  readonly job: JobAnswer
  /** Endpoints of this job, in any run. */
  readonly endpoints: readonly Endpoint[] | undefined
  /** Why files of this job's endpoints cannot be read; it may still serve. */
  readonly unread?: string | undefined
  /** The gateways whose nginx may reach it. */
  readonly routedBy: readonly RoutedBy[] | undefined
  /** The replicas that have a drain request. */
  readonly asked: ReadonlySet<string>
}

/** A gateway that names it, or may. */
export interface RoutedBy {
  readonly gateway: string
  /** Why its file cannot be understood. */
  readonly problem?: string
  /** Its beat stands still. */
  readonly isSilent?: boolean
}

/** The next step, with its description. */
export interface Move {
  readonly kind: 'ask' | 'cancel' | 'requeue' | 'wait' | 'done'
  readonly words: string
}

/**
 * First match wins:
 * 1. Slurm has not answered → wait
 * 2. ended or forgotten → done
 * 3. it is to be requeued, and a later run exists → done
 * 4. it waits → done when it is to be requeued, else cancelled: it serves no requests
 * 5. its end is under way → wait
 * 6. it is to end at once → cancelled
 * 7. it is not known whether it runs, or whether it serves → wait
 * 8. it runs and has an endpoint, or a file that may be one's → asked, until its file says that it drains
 * 9. it was asked and its endpoint is gone → wait for its own last act
 * 10. it runs and does not serve yet, or has failed → cancelled, or requeued
 */
export function planRemoval(
  target: RemovalTarget,
  manner: Manner,
  { job, endpoints, unread, routedBy, asked }: ObservedJob,
): Move {
  if (job === undefined) return wait('waiting for an answer from Slurm') // 1
  if (job === 'forgotten') return done('gone') // 2
  if (job.state === 'ended') return done(`gone, ${job.stateText}`) // 2
  if (manner === 'requeue' && job.restarts > target.restarts) return done(`requeued, ${job.stateText}`) // 3
  if (job.state === 'pending') {
    return manner === 'requeue'
      ? done(`${job.stateText}: nothing to drain`)
      : { kind: 'cancel', words: 'cancelling it: it waits' } // 4
  }
  if (job.state === 'ending') return wait(job.stateText) // 5
  if (manner === 'now') return { kind: 'cancel', words: 'cancelling it' } // 6
  if (job.state === 'unknown') return wait(`waiting: Slurm says ${job.stateText}`) // 7
  if (endpoints === undefined) return wait('waiting for the shared directory') // 7
  const served = endpoints.find(one => one.job.restarts === job.restarts && one.state !== 'failed')
  const wasAsked = asked.has(replicaId({ tier: target.tier, jobId: target.jobId, restarts: job.restarts }))
  if (served === undefined && unread !== undefined) {
    return wasAsked ? wait(`asked; its state cannot be read: ${unread}`) : { kind: 'ask', words: ASKING } // 8
  }
  if (served === undefined && wasAsked) return wait('its engine has stopped, it is leaving') // 9
  if (served === undefined) {
    const words = 'it serves no request'
    return manner === 'requeue'
      ? { kind: 'requeue', words: `requeueing it: ${words}` }
      : { kind: 'cancel', words: `cancelling it: ${words}` } // 10
  }
  if (!wasAsked) return { kind: 'ask', words: ASKING } // 8
  if (served.state !== 'draining') return { kind: 'ask', words: 'asked, no answer yet' } // 8
  return wait(drainWords(routedBy))
}

const ASKING = 'asking it to leave'

/** What the drain waits for, and the limit of that wait where there is one (supervisor/drain.ts). */
function drainWords(routedBy: readonly RoutedBy[] | undefined): string {
  if (routedBy === undefined) return 'draining; the routes cannot be read'
  if (routedBy.length === 0) return 'draining; no new requests, its answers are ending'
  const living = routedBy.filter(one => one.problem === undefined && one.isSilent !== true)
  const silent = routedBy.filter(one => one.problem === undefined && one.isSilent === true)
  const unread = routedBy.filter(one => one.problem !== undefined)
  const names = (gateways: readonly RoutedBy[]) => `gateway ${gateways.map(one => one.gateway).join(', ')}`
  return [
    'draining',
    ...(living.length === 0 ? [] : [`${names(living)} still routes to it`]),
    ...(silent.length === 0 ? [] : [`${names(silent)} may still route to it, and is silent`]),
    ...unread.map(one => `routes/${one.gateway}.json may name it: ${one.problem}`),
    ...(living.length > 0 ? [] : ['it ends a minute after its last answer']),
  ].join('; ')
}

function wait(words: string): Move {
  return { kind: 'wait', words }
}

function done(words: string): Move {
  return { kind: 'done', words }
}
