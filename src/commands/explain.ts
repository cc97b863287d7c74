import { join } from 'node:path'
import type { ConfigOptions } from '../adapters/config-file/load-config.ts'
import { registryDirectories } from '../adapters/registry/directories.ts'
import { followFile } from '../adapters/system/file-follower.ts'
import type { Context } from '../core/context.ts'
import { codeOf, messageOf } from '../core/domain/caught.ts'
import type { Endpoint } from '../core/domain/endpoint.ts'
import { isLogOfRun } from '../core/domain/engine-log.ts'
import type { KnownJob } from '../core/domain/resolve-name.ts'
import { type GatewayRoutes, isUnderstood } from '../core/domain/routes-file.ts'
import { explain } from '../core/explain/explain.ts'
import { explanationText } from '../core/explain/explain-text.ts'
import type { ExplainFacts, RecordedRoutability, RunEvent, RunFacts, TextFile } from '../core/explain/facts.ts'
import type { Line } from '../core/explain/one-run.ts'
import { type WhichJob, whichJob } from '../core/explain/which-job.ts'
import { keptDirectory, outputName } from '../core/job-script/job-output.ts'
import { printJson } from '../core/text/line-printer.ts'
import { listNames, runOfFile, writtenJobs } from './site/kept-files.ts'
import { openSite, type Site } from './site/open-site.ts'

export interface ExplainOptions extends ConfigOptions {
  readonly json?: boolean
}

/** Lines of each log; a crashing engine may print a page of backtrace after the reason. */
const LOG_LINES = 400

/**
 * `sluice explain JOB`: why it died, from Slurm, the registry, its supervisor's events and its kept logs. An unreadable source is
 * reported and is not a failure, as long as another source knows the job.
 *
 * @throws Error (exit code 1) when no source knows it
 */
export async function explainJob(name: string, options: ExplainOptions, context: Context): Promise<void> {
  const site = await openSite(options, context)
  const reader = createReader(site)
  const answer = await site.jobs(context.signal)
  const jobs = 'unknown' in answer ? [] : answer.jobs
  const known = 'unknown' in answer ? [] : [...jobs.map(one => one.job), ...answer.others]
  const endpoints = await reader.attempt('the registry', [], () =>
    site.registry.scan().then(scan => scan.endpoints, nothingYet),
  )
  const tiers = Object.keys(site.config.tiers)
  const wanted = whichJob(name, {
    tiers,
    jobs: [
      ...jobs.map(({ tier, job }) => ({ tier, id: job.id })),
      ...endpoints.map(({ tier, job }) => ({ tier, id: job.id })),
      ...(await keptJobs(site, tiers, reader)),
    ],
  })
  if (wanted === undefined) throw new Error(`Cannot explain ${name}: no job of this tier has left a file`)
  const found: Pick<ExplainFacts, 'slurm' | 'endpoint'> = {
    slurm: 'unknown' in answer ? answer : { value: known.find(job => job.id === wanted.id) },
    endpoint: { value: lastOf(endpoints.filter(one => one.job.id === wanted.id)) },
  }
  const explanation = explain({ ...(await gather(wanted, site, reader)), ...found, problems: reader.problems })
  if (explanation === undefined) {
    const why = 'unknown' in answer ? answer.unknown : 'Slurm does not know it, or no longer'
    throw new Error(
      `Cannot explain job ${wanted.id}: it is not known; ${why}, and it has left neither events nor logs in ${site.config.shared}`,
    )
  }
  if (options.json === true) return printJson(context.print, explanation)
  for (const line of explanationText(explanation)) context.print(line)
}

/** Before the first replica has run there is no registry, which is not an error. */
function nothingYet(error: unknown): readonly never[] {
  if (codeOf(error) === 'ENOENT') return []
  throw error
}

interface Reader {
  readonly problems: string[]
  /** The result of the read, or `otherwise` and a problem in words. */
  attempt<T>(what: string, otherwise: T, read: () => Promise<T>): Promise<T>
  /** The last lines of a file; none where there is no such file. */
  lines(path: string, lines: number, wants?: (line: string) => boolean): Promise<readonly string[]>
  names(directory: string): Promise<readonly string[]>
}

function createReader(site: Site): Reader {
  const problems: string[] = []
  const reader: Reader = {
    problems,
    attempt: (what, otherwise, read) =>
      read().catch(error => {
        problems.push(`Cannot read ${what}: ${messageOf(error)}`)
        return otherwise
      }),
    lines: (path, lines, wants) =>
      reader.attempt(`"${path}"`, [], () =>
        site.serialQueue.run(`read "${path}"`, () => followFile(path, lines, wants).read()),
      ),
    names: directory => reader.attempt(`"${directory}"`, [], () => listNames(site, directory)),
  }
  return reader
}

/** The jobs that have left files; of some only a directory with their number. */
async function keptJobs(site: Site, tiers: readonly string[], reader: Reader): Promise<readonly KnownJob[]> {
  const written = await Promise.all(
    tiers.map(async tier => {
      const ids = await reader.attempt(`what jobs of ${tier} have left`, [], () => writtenJobs(site, tier))
      return ids.map(id => ({ tier, id }))
    }),
  )
  const { logs: kept, events } = registryDirectories(site.config.shared)
  const logs = await reader.names(kept)
  const runs = (await reader.names(events)).flatMap(file => runOfFile(file) ?? [])
  return [
    ...written.flat(),
    ...runs,
    ...logs.filter(id => /^[1-9]\d{0,9}$/.test(id)).map(id => ({ tier: undefined, id })),
  ]
}

type Gathered = Omit<ExplainFacts, 'slurm' | 'endpoint' | 'problems'>

async function gather({ id, tier, restarts }: WhichJob, site: Site, reader: Reader): Promise<Gathered> {
  const { events, logs } = registryDirectories(site.config.shared)
  const settings = tier !== undefined && Object.hasOwn(site.config.tiers, tier) ? site.config.tiers[tier] : undefined
  const names = await reader.names(events)
  const kept = await reader.names(join(logs, id))
  const runs = names.flatMap(file => {
    const run = runOfFile(file)
    return run?.id !== id || run.tier !== (tier ?? run.tier) ? [] : [{ file, number: run.restarts }]
  })
  return {
    job: id,
    tier,
    asked: restarts,
    runs: await Promise.all(
      runs
        .toSorted((one, other) => one.number - other.number)
        .map(({ file, number }) => readRun({ file, number, id, kept }, site, reader)),
    ),
    output: settings === undefined || tier === undefined ? [] : await readOutput(id, tier, site, reader),
    routabilities: await readRoutabilities(id, names, site, reader),
    asides: await readAsides(id, site, reader),
    orders: await readOrders(id, names, site, reader),
    settings,
    isTierRemoved: tier !== undefined && settings === undefined,
  }
}

async function readRun(
  { file, number, id, kept }: { file: string; number: number; id: string; kept: readonly string[] },
  site: Site,
  reader: Reader,
): Promise<RunFacts> {
  const { events, logs } = registryDirectories(site.config.shared)
  const own = kept.filter(name => isLogOfRun(name, number))
  return {
    restarts: number,
    eventsFile: `events/${file}`,
    events: (await reader.lines(join(events, file), Number.POSITIVE_INFINITY)).flatMap(readEvent),
    logs: await Promise.all(
      own.map(async name => ({
        name: `logs/${id}/${name}`,
        lines: await reader.lines(join(logs, id, name), LOG_LINES),
      })),
    ),
  }
}

/** The job's own output, without the events in it. */
async function readOutput(id: string, tier: string, site: Site, reader: Reader): Promise<readonly TextFile[]> {
  const directory = keptDirectory(site.config, tier)
  const pattern = outputName(site.config, tier)
  const files = (await reader.names(directory)).filter(file => pattern.exec(file)?.[1] === id)
  return Promise.all(
    files.map(async file => ({
      name: join(directory, file),
      lines: await reader.lines(join(directory, file), LOG_LINES, line => !line.startsWith('{"at":"')),
    })),
  )
}

async function readRoutabilities(
  id: string,
  names: readonly string[],
  site: Site,
  reader: Reader,
): Promise<readonly RecordedRoutability[]> {
  const { events } = registryDirectories(site.config.shared)
  const ours = new RegExp(`"event":"standing","id":"[a-z][a-z0-9_]*-${id}-(\\d+)-\\d+"`)
  const files = names.filter(file => /^updater-.*\.jsonl$/.test(file))
  const lines = await Promise.all(
    files.map(async file => {
      const found = await reader.lines(join(events, file), Number.POSITIVE_INFINITY, line => ours.test(line))
      return found.map(line => ({ source: `events/${file}`, line }))
    }),
  )
  return lines.flat().flatMap(({ source, line }) => {
    const restarts = Number(ours.exec(line)?.[1])
    return readEvent(line).map(event => ({ source, restarts, text: String(event['standing']) }))
  })
}

async function readAsides(id: string, site: Site, reader: Reader): Promise<readonly RecordedRoutability[]> {
  const routes = await reader.attempt<Iterable<[string, GatewayRoutes]>>('the routes', [], () =>
    site.registry.routes().catch(nothingYet),
  )
  return [...routes].flatMap(([gateway, file]) =>
    Object.entries((isUnderstood(file) ? file.aside : undefined) ?? {}).flatMap(([endpoint, how]) => {
      const restarts = new RegExp(`-${id}-(\\d+)-\\d+$`).exec(endpoint)?.[1]
      if (restarts === undefined) return []
      const text = `${endpoint} is ${how} by gateway ${gateway}, because its answers failed while those of others did not`
      return [{ source: `routes/${gateway}.json`, restarts: Number(restarts), text }]
    }),
  )
}

/** What our own commands did to the job. */
async function readOrders(id: string, names: readonly string[], site: Site, reader: Reader): Promise<readonly Line[]> {
  const { events } = registryDirectories(site.config.shared)
  const files = names.filter(file => /^operator-.*\.jsonl$/.test(file))
  const found = await Promise.all(
    files.map(async file => {
      const wants = (line: string) => line.includes(`"event":"cancelled","job":"${id}"`)
      const lines = await reader.lines(join(events, file), Number.POSITIVE_INFINITY, wants)
      return lines.flatMap(readEvent).map(({ at, by }) => ({
        source: `events/${file}`,
        text: `${at} cancelled${typeof by === 'string' ? ` by ${by}` : ''} (sluice stop or drain)`,
      }))
    }),
  )
  return found.flat()
}

/** Empty for a line that is not an event, such as a cut one. */
function readEvent(line: string): readonly RunEvent[] {
  try {
    const value = JSON.parse(line)
    return typeof value?.at === 'string' && typeof value.event === 'string' ? [value] : []
  } catch {
    return [] // torn at the beginning of what was read, or being written
  }
}

function lastOf(endpoints: readonly Endpoint[]): Endpoint | undefined {
  return endpoints.toSorted((one, other) => one.job.restarts - other.job.restarts).at(-1)
}
