import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConfigOptions } from '../adapters/config-file/load-config.ts'
import { registryDirectories } from '../adapters/registry/directories.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { type FileFollower, followFile } from '../adapters/system/file-follower.ts'
import type { Context } from '../core/context.ts'
import { messageOf } from '../core/domain/caught.ts'
import { type KnownJob, unknownName } from '../core/domain/resolve-name.ts'
import { UserError } from '../core/domain/user-error.ts'
import { whichJob } from '../core/explain/which-job.ts'
import { keptDirectory, outputName } from '../core/job-script/job-output.ts'
import { inOrder, type LogPart, readableLines } from '../core/text/log-lines.ts'
import { jobOfReplica, listNames, runOfFile, writtenJobs } from './site/kept-files.ts'
import { openSite, type Site } from './site/open-site.ts'
import { unreadable } from './site/site-looks.ts'

export interface LogsOptions extends ConfigOptions {
  /** Go on until Ctrl-C. */
  readonly follow?: boolean
  /** Events as JSON, not in the form for people. */
  readonly json?: boolean
  /** Lines of each source to begin with; 20 by default. */
  readonly lines?: string
}

/** Network filesystems do not report changes, so files are opened again at this interval. */
const LOOK_MS = 1_000

/**
 * `sluice logs TIER|ID`: the replicas' events, the other output of their jobs, the logs of engines, and the updaters' events about
 * their endpoints, in the order of time. For a tier: its live jobs, or else the last one.
 */
export async function logs(name: string, options: LogsOptions, context: Context): Promise<void> {
  const lines = countOf(options.lines)
  const site = await openSite(options, context)
  const wanted = await wantedJobs(name, site, context)
  const open = new Map<string, { readonly file: FileFollower; readonly path: string }>()
  const failed = new Set<string>()
  for (let look = 0; ; look += 1) {
    for (const { label, path, wants } of await findSources(site, wanted)) {
      // A file that appears later is new from its first line on.
      if (open.has(label)) continue
      open.set(label, { file: followFile(path, look === 0 ? lines : Number.POSITIVE_INFINITY, wants), path })
    }
    const parts: LogPart[] = []
    for (const [label, { file, path }] of open) {
      try {
        const read = async () => {
          const lines = await file.read()
          // A file that is gone meanwhile gets the current time.
          const writtenAt = lines.length === 0 ? 0 : await stat(path).then(({ mtimeMs }) => mtimeMs, Date.now)
          return { label, lines, writtenAt }
        }
        parts.push(await site.serialQueue.run(`read ${label}`, read))
        failed.delete(label)
      } catch (error) {
        if (!failed.has(label)) context.warn(`Cannot read ${label}: ${messageOf(error)}`)
        failed.add(label)
      }
    }
    for (const { label, text } of inOrder(parts)) {
      for (const line of options.json === true ? [text] : readableLines(text))
        context.print(open.size > 1 ? `${label} | ${line}` : line)
    }
    if (look === 0) for (const line of wanted.missing([...open.keys()])) context.warn(line)
    if (options.follow !== true || context.signal.aborted) return
    await systemClock.sleep(LOOK_MS, context.signal)
  }
}

interface Wanted {
  has(job: string): boolean
  /** The tiers whose outputs are read. */
  readonly tiers: readonly string[]
  /** The tiers whose events are read. */
  readonly eventTiers: readonly string[]
  /** Missing files that people would expect, one line each. */
  missing(labels: readonly string[]): readonly string[]
}

interface Source {
  /** The label before its lines. */
  readonly label: string
  readonly path: string
  readonly wants?: (line: string) => boolean
}

async function wantedJobs(name: string, site: Site, context: Context): Promise<Wanted> {
  const tiers = Object.keys(site.config.tiers)
  const answer = await site.jobs(context.signal)
  if ('unknown' in answer) context.warn(`${answer.unknown}; only the shared directory is used`)
  const jobs = 'unknown' in answer ? [] : answer.jobs
  const endpoints = await site.registry.scan().then(
    scan => scan.endpoints,
    error => {
      context.warn(unreadable('Cannot read the registry', error))
      return []
    },
  )
  const known: readonly KnownJob[] = [
    ...jobs.map(({ tier, job }) => ({ tier, id: job.id, restarts: job.restarts })),
    ...endpoints.map(({ tier, job }) => ({ tier, id: job.id, restarts: job.restarts })),
  ]
  const missing = (ids: readonly string[]) => (labels: readonly string[]) =>
    ids.toSorted(byNumber).flatMap(id => {
      const job = jobs.find(one => one.job.id === id)?.job
      const state = job === undefined ? '' : `, which is ${job.stateText}`
      if (!labels.some(label => label.includes(id))) return [`Job ${id}${state}, has written nothing yet`]
      const endpoint = endpoints.find(one => one.job.id === id && one.state !== 'failed')
      if (endpoint === undefined || labels.some(label => label.startsWith(`${id}/`))) return []
      return [`The engine of job ${id} logs on ${endpoint.job.node}; its log is not in the shared directory yet`]
    })

  if (tiers.includes(name)) {
    const live = new Set([
      ...jobs.filter(one => one.tier === name && one.job.state !== 'ended').map(one => one.job.id),
      ...endpoints.filter(one => one.tier === name).map(one => one.job.id),
    ])
    const before = [...known.filter(one => one.tier === name).map(one => one.id), ...(await writtenJobs(site, name))]
    const last = newest(before)
    const ids = live.size > 0 ? live : new Set(last === undefined ? [] : [last])
    const newestOfAll = Number(newest([...known.map(one => one.id), ...before]) ?? 0)
    return {
      tiers: [name],
      eventTiers: [name],
      has: id => ids.has(id) || Number(id) > newestOfAll,
      missing: missing([...ids]),
    }
  }
  const written = await Promise.all(tiers.map(async tier => (await writtenJobs(site, tier)).map(id => ({ tier, id }))))
  // Those of a tier that was taken out of sluice.yaml, too.
  const runs = (await listNames(site, registryDirectories(site.config.shared).events)).flatMap(
    file => runOfFile(file) ?? [],
  )
  // Slurm forgets a job in minutes; its logs stay.
  const names = { tiers, jobs: [...known, ...written.flat(), ...runs] }
  const found = whichJob(name, names)?.id
  if (!names.jobs.some(job => job.id === found)) throw unknownName(name, names)
  return {
    tiers,
    eventTiers: [...tiers, ...runs.map(run => run.tier)],
    has: one => one === found,
    missing: missing(found === undefined ? [] : [found]),
  }
}

async function findSources(site: Site, wanted: Wanted): Promise<readonly Source[]> {
  const { logs, events } = registryDirectories(site.config.shared)
  const outputs: Source[] = []
  for (const tier of wanted.tiers) {
    const directory = keptDirectory(site.config, tier)
    const name = outputName(site.config, tier)
    for (const file of await listNames(site, directory)) {
      const match = name.exec(file)
      // A log without a number in its name is shared by all jobs of the tier.
      if (match !== null && (match[1] === undefined || wanted.has(match[1])))
        outputs.push({ label: file, path: join(directory, file), wants: line => !line.startsWith('{"at":"') })
    }
  }
  const engines: Source[] = []
  for (const job of await listNames(site, logs)) {
    if (!/^\d{1,10}$/.test(job) || !wanted.has(job)) continue
    for (const file of await listNames(site, join(logs, job)))
      engines.push({ label: `${job}/${file}`, path: join(logs, job, file) })
  }
  const writers = await listNames(site, events)
  const updaters = writers.filter(file => /^updater-.*\.jsonl$/.test(file))
  const replicas = writers.filter(file => wanted.has(jobOfReplica(file, wanted.eventTiers) ?? ''))
  return [
    ...replicas.map(file => ({ label: file.slice(0, -'.jsonl'.length), path: join(events, file) })),
    ...outputs,
    ...engines,
    ...updaters.map(file => ({
      label: file.slice(0, -'.jsonl'.length),
      path: join(events, file),
      wants: (line: string) => wanted.has(jobOfEvent(line) ?? ''),
    })),
  ]
}

/** The job that an updater's event is about. */
function jobOfEvent(line: string): string | undefined {
  return /"id":"[a-z][a-z0-9_]*-(\d+)-\d+-\d+"|"job":"(\d+)"/.exec(line)?.slice(1).find(Boolean)
}

function newest(ids: readonly string[]): string | undefined {
  return ids.toSorted(byNumber).at(-1)
}

function byNumber(one: string, other: string): number {
  return Number(one) - Number(other)
}

function countOf(text = '20'): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new UserError(`Cannot show "${text}" lines: --lines takes a whole number`)
}
