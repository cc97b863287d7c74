import { listed, quote } from '../config/config-finding.ts'
import { nearestWord } from '../config/nearest-word.ts'
import { replicaId } from './endpoint.ts'
import { UserError } from './user-error.ts'

/** A job that a name may mean. */
export interface KnownJob {
  /** Undefined where only a number is left of it. */
  readonly tier: string | undefined
  readonly id: string
  /** Its run now; undefined where that is not known, or not asked for. */
  readonly restarts?: number
}

export interface Names<Job extends KnownJob> {
  readonly tiers: readonly string[]
  readonly jobs: readonly Job[]
}

export type Resolved<Job extends KnownJob> =
  | { readonly kind: 'tier'; readonly tier: string; readonly jobs: readonly Job[] }
  | {
      readonly kind: 'job'
      /** As it is known, or else as the name has it. */
      readonly tier: string | undefined
      readonly id: string
      /** The run that the name has. */
      readonly restarts: number | undefined
      /** The endpoint that the name has. */
      readonly index: number | undefined
      /** Undefined: no such job is known. */
      readonly job: Job | undefined
    }

/**
 * What a name on the command line means, for every command: a tier, or a job by its number `4242`, its tier and number
 * `fast-4242`, a replica `fast-4242-1` or an endpoint `fast-4242-1-0`.
 *
 * @throws UserError for what cannot be a name of this site: it has another form, another tier, or the tier of another job
 */
export function resolveName<Job extends KnownJob>(name: string, names: Names<Job>): Resolved<Job> {
  const { tiers, jobs } = names
  if (tiers.includes(name)) return { kind: 'tier', tier: name, jobs: jobs.filter(job => job.tier === name) }
  const [, tier, digits, restarts, index] = JOB.exec(name) ?? []
  if (digits === undefined || (tier !== undefined && !tiers.includes(tier))) throw unknownName(name, names)
  const id = String(Number(digits))
  const job = jobs.find(one => one.id === id && one.tier !== undefined) ?? jobs.find(one => one.id === id)
  if (tier !== undefined && job?.tier !== undefined && job.tier !== tier) {
    throw new UserError(`Cannot find ${quote(name)}: job ${id} is of tier ${quote(job.tier)}`)
  }
  return { kind: 'job', tier: job?.tier ?? tier, id, restarts: numberOf(restarts), index: numberOf(index), job }
}

/** For a name that no tier, job or endpoint has. */
export function unknownName(name: string, { tiers, jobs }: Names<KnownJob>): UserError {
  const words = [...tiers, ...jobs.flatMap(job => [...spelled(job), job.id])]
  const otherwise = `the tiers are ${listed(tiers)}, and sluice status shows the jobs`
  return cannotFind({ what: 'tier, job or endpoint', name, words, otherwise })
}

/** `Cannot find tier "fsat": did you mean "fast"`, or else what there is. */
export function cannotFind({ what, name, words, where = '', otherwise }: Missing): UserError {
  const near = nearestWord(name, words)
  const there = otherwise ?? (words.length === 0 ? 'there is none' : `choose ${listed(words)}`)
  const meant = near === undefined ? there : `did you mean ${quote(near)}`
  return new UserError(`Cannot find ${what} ${quote(name)}${where}: ${meant}`)
}

interface Missing {
  readonly what: string
  readonly name: string
  /** What there is. */
  readonly words: readonly string[]
  /** ` in /models`, where it was looked for in one place. */
  readonly where?: string
  /** Instead of the list of words, where none is near. */
  readonly otherwise?: string
}

/** Slurm gives no job the number 0. */
const JOB = /^(?:([a-z][a-z0-9_]{0,31})-)?(0*[1-9]\d{0,9})(?:-(\d{1,6})(?:-(\d{1,4}))?)?$/

function numberOf(digits: string | undefined): number | undefined {
  return digits === undefined ? undefined : Number(digits)
}

function spelled({ tier, id, restarts }: KnownJob): readonly string[] {
  if (tier === undefined) return []
  return [restarts === undefined ? `${tier}-${id}` : replicaId({ tier, jobId: id, restarts })]
}
