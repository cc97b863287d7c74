import { type Endpoint, replicaId } from '../../core/domain/endpoint.ts'
import type { JobAnswer } from '../../core/domain/notice.ts'

/** drain: finish the answers, then be cancelled. requeue: finish them, then come back. now: be cancelled at once. */
export type Manner = 'drain' | 'requeue' | 'now'

/** A job to remove, in the run that it was in when the command began. */
export interface RemovalTarget {
  readonly tier: string
  readonly jobId: string
  readonly restarts: number
}

/** What is known of it now. Undefined: not known, which makes us wait ("unknown is not none", docs/design/rules.md). */
export interface Sight {
  readonly job: JobAnswer
  /** Of this job, in any run. */
  readonly endpoints: readonly Endpoint[] | undefined
  /** Why files of this job's endpoints cannot be read: it may serve all the same. */
  readonly unread?: string | undefined
  /** The gateways whose nginx may reach it. */
  readonly routedBy: readonly RoutedBy[] | undefined
  /** The replicas that have been asked to leave. */
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

/** What to do next, and in words how it stands. */
export interface Move {
  readonly kind: 'ask' | 'cancel' | 'requeue' | 'wait' | 'done'
  readonly words: string
}

/**
 * First match wins:
 * 1. Slurm has not answered → wait
 * 2. ended or forgotten → done
 * 3. it is to come back, and a later run is on → done
 * 4. it waits → done when it is to come back, else cancelled: it serves nobody
 * 5. its end is under way → wait
 * 6. it is to go at once → cancelled
 * 7. whether it runs, or whether anything serves, is not known → wait
 * 8. it runs and has an endpoint, or a file that may be one's → asked, until its file says that it drains
 * 9. it was asked and its endpoint is gone → its own last act is near: wait
 * 10. it runs and serves nobody yet, or has failed → cancelled, or requeued
 */
export function planRemoval(
  target: RemovalTarget,
  manner: Manner,
  { job, endpoints, unread, routedBy, asked }: Sight,
): Move {
  if (job === undefined) return wait('waiting for an answer of Slurm') // 1
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
    return wasAsked ? wait(`asked; how it stands cannot be read: ${unread}`) : { kind: 'ask', words: ASKING } // 8
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

/** Who holds it up. What is not waited for without end says so (supervisor/drain.ts). */
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
