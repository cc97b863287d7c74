import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Beat } from '../../core/domain/beat.ts'
import type { Endpoint } from '../../core/domain/endpoint.ts'
import type { ReplicaRequest } from '../../core/domain/replica-request.ts'
import type { RoutesFile } from '../../core/domain/routes-file.ts'
import type { SerialQueue } from '../system/serial-queue.ts'
import { copyRedacted } from './copy-redacted.ts'
import { inRegistry, makeRegistry, registryDirectories } from './directories.ts'
import { readDrainOutcome } from './drain-outcome.ts'
import { removeExpired } from './expire.ts'
import { createLiveLog, type LiveLog } from './live-log.ts'
import { createOwnFileLook } from './own-file-stands.ts'
import { publishEndpoint, removeEarlierRuns, removeEndpoint, writeBeat } from './publish.ts'
import { readRequest, writeRequest } from './requests.ts'
import { createRoutesReader, type RoutesReader, writeRoutes } from './routes.ts'
import { createRegistryScanner, type RegistryScanner, type Scan } from './scan.ts'
import { readKeptKey, readOrCreateSiteKey } from './site-key.ts'
import { writeSummary } from './summary.ts'

/** A hundred thousand lines; even a slow share writes them within a second. */
const KEPT_LOG_BYTES = 8 * 1024 * 1024

interface KeptLog {
  readonly name: string
  readonly path: string
  /** The keys to redact. */
  readonly without: readonly string[]
}

/**
 * The shared directory through one serial queue: a hanging filesystem blocks one call, and each caller only until its deadline.
 */
export function openRegistry(shared: string, serialQueue: SerialQueue) {
  const directories = registryDirectories(shared)
  // Started at the first use: a supervisor never scans, and reads routes only when it drains.
  let scanner: RegistryScanner | undefined
  let routesReader: RoutesReader | undefined
  const lookAtOwnFile = createOwnFileLook(shared)
  let isClosed = false
  const live = new Map<string, LiveLog>()
  const liveLog = (jobId: string, { name, path }: KeptLog): LiveLog => {
    const to = join(directories.logs, jobId, name)
    const log = live.get(to) ?? createLiveLog({ from: path, to })
    live.set(to, log)
    return log
  }
  const refuseClosed = () => {
    if (isClosed) throw new Error('Cannot read the registry: it was closed')
  }
  return {
    make: () => serialQueue.run(`make the registry in "${shared}"`, () => makeRegistry(shared)),
    scan: (options = { beats: true }): Promise<Scan> =>
      serialQueue.run('scan the registry', async () => {
        refuseClosed()
        scanner ??= createRegistryScanner(shared)
        return scanner.scan(options)
      }),
    publish: (endpoint: Endpoint) =>
      serialQueue.run(`publish ${endpoint.id}`, () => inRegistry(shared, () => publishEndpoint(shared, endpoint))),
    /** Whether its file is still the one that was published. */
    stands: (endpoint: Endpoint) =>
      serialQueue.run(`look at the file of ${endpoint.id}`, () => lookAtOwnFile(endpoint)),
    remove: (id: string) => serialQueue.run(`remove the files of ${id}`, () => removeEndpoint(shared, id)),
    removeEarlierRuns: (run: { tier: string; jobId: string; restarts: number }) =>
      serialQueue.run('remove the files of earlier runs', () => removeEarlierRuns(shared, run)),
    removeExpired: (gateway: string, isAlive: (jobId: string) => boolean) =>
      removeExpired(shared, { gateway, serialQueue, isAlive }),
    beat: (replica: string, beat: Beat) =>
      serialQueue.run('beat', () => inRegistry(shared, () => writeBeat(shared, replica, beat))),
    routes: () =>
      serialQueue.run('read the routes', async () => {
        refuseClosed()
        routesReader ??= createRoutesReader(shared)
        return routesReader.read()
      }),
    writeRoutes: (routes: RoutesFile, options: { flush: boolean }) =>
      serialQueue.run('write the routes', () => inRegistry(shared, () => writeRoutes(shared, routes, options))),
    writeSummary: (gateway: string, text: string) =>
      serialQueue.run('write the summary', () => writeSummary(shared, gateway, text)),
    writeRequest: (replica: string, request: ReplicaRequest) =>
      serialQueue.run(`ask ${replica} to ${request.kind}`, () => writeRequest(shared, replica, request)),
    readRequest: (replica: string) => serialQueue.run('read a request', async () => readRequest(shared, replica)),
    drainOutcome: (id: string) => serialQueue.run('read events', () => readDrainOutcome(shared, id)),
    siteKey: () => serialQueue.run('read site.key', () => readOrCreateSiteKey(shared)),
    keptKey: (fingerprint: string) => serialQueue.run('read a key', async () => readKeptKey(shared, fingerprint)),
    /** Copies the end of a log from the node's disk to `logs/<job>/<name>`, without these keys. */
    keepLog: (jobId: string, log: KeptLog) =>
      serialQueue.run('keep a log', async () => {
        await mkdir(join(directories.logs, jobId), { recursive: true, mode: 0o750 })
        const to = join(directories.logs, jobId, log.name)
        const end = await copyRedacted({ from: log.path, to, keys: log.without, mostBytes: KEPT_LOG_BYTES })
        live.get(to)?.superseded(end)
      }),
    /** Collects new text of such a log; touches only the node's disk. */
    collectLog: (jobId: string, log: KeptLog) => liveLog(jobId, log).collect(log.without),
    /** Appends the collected text to the kept log, while its writer lives. */
    showLog: (jobId: string, log: KeptLog) => serialQueue.run('show a log', () => liveLog(jobId, log).show()),
    /** Ends its threads. Their calls may hang, so this need not be awaited. */
    async close(): Promise<void> {
      isClosed = true
      await Promise.all([scanner?.close(), routesReader?.close()])
    },
  }
}
