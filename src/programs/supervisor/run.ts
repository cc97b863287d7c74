import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createEngineEffects } from '../../adapters/engine/engine-effects.ts'
import type { WorkerNodes } from '../../adapters/engine/nodes/worker-steps.ts'
import { engineEnvironment } from '../../adapters/engine/process/engine-environment.ts'
import { gpuSlices, masksInForce } from '../../adapters/engine/process/gpu-slices.ts'
import { openJournal } from '../../adapters/registry/journal.ts'
import { openRegistry } from '../../adapters/registry/open-registry.ts'
import { listenForNotice } from '../../adapters/slurm/notice-step.ts'
import { openSlurm } from '../../adapters/slurm/open-slurm.ts'
import { readOwnJob } from '../../adapters/slurm/own-job.ts'
import { REQUEST_SIGNAL } from '../../adapters/slurm/slurm.ts'
import { startWorkerStep } from '../../adapters/slurm/worker-step.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { takesConnection } from '../../adapters/system/network.ts'
import { createNonblockingOutput } from '../../adapters/system/nonblocking-output.ts'
import { readOomKills } from '../../adapters/system/oom-kills.ts'
import { removeDirectory } from '../../adapters/system/owned-directory.ts'
import { makeScratch } from '../../adapters/system/scratch.ts'
import { createSerialQueue } from '../../adapters/system/serial-queue.ts'
import { readStreamText } from '../../adapters/system/stream-text.ts'
import { thisBuild } from '../../adapters/system/this-build.ts'
import type { Context } from '../../core/context.ts'
import { termReachesAll } from '../../core/domain/block-notice-signals.ts'
import { messageOf } from '../../core/domain/caught.ts'
import { type Endpoint, endpointId, replicaId } from '../../core/domain/endpoint.ts'
import { keptLogName } from '../../core/domain/engine-log.ts'
import { DEFAULT_KILL_WAIT_SECONDS } from '../../core/domain/kill-wait.ts'
import { jobOf } from '../../core/domain/local-replica.ts'
import { logLevelInJob } from '../../core/domain/log-level.ts'
import { parseReplicaSpec, type ReplicaSpec } from '../../core/domain/replica-spec.ts'
import { SERVICE_DEADLINE_MS } from '../../core/domain/shared-deadline.ts'
import { UserError } from '../../core/domain/user-error.ts'
import { ENGINES } from '../../core/engines/index.ts'
import type { EngineLog, SlurmEffects } from './effects.ts'
import { runSupervisor } from './loop.ts'
import { createSiteKeySource } from './site-key-source.ts'

/** Slurm answers in milliseconds or is in trouble; inside a grace nobody waits a minute. */
const SLURM_TIMEOUT_MS = 10_000
/** The longest wait for the last events to reach the shared directory. */
const LAST_WORDS_MS = 1_000
/** A listening worker accepts a connection at once, unless a firewall between the nodes drops packets. */
const WORKER_CONNECT_MS = 5_000

export interface SuperviseOptions {
  /** How often `sluice up` has restarted this replica; only without Slurm. */
  readonly withoutSlurm?: string
  readonly logLevel?: string
}

/**
 * The batch process of a job script: runs the replica whose spec comes on standard input, until Slurm ends the job. Without Slurm
 * it runs until a TERM or the end of its parent.
 */
export async function runReplica(options: SuperviseOptions, context: Context): Promise<void> {
  // Slurm's --signal reaches steps only. If it is sent here too, it is ignored: the notice step has received it. SIGHUP is
  // ignored as well (context.ts).
  context.onSignal('SIGUSR2', () => undefined)
  const { level, trouble } = logLevelInJob({ option: options.logLevel, env: context.env })
  const spec = readSpec(await readStdin(context))
  const { withoutSlurm } = options
  const job = withoutSlurm === undefined ? readOwnJob(context.env) : jobWithoutSlurm(withoutSlurm, context)
  const workers = (spec.rpc ?? spec.ranks) === undefined ? undefined : await workerNodes(spec, job, context)
  const serialQueue = createSerialQueue(systemClock, SERVICE_DEADLINE_MS)
  const registry = openRegistry(spec.shared, serialQueue)
  const bulk = openRegistry(spec.shared, createSerialQueue(systemClock, SERVICE_DEADLINE_MS))
  const replica = replicaId({ tier: spec.tier, jobId: job.id, restarts: job.restarts })
  const output = createNonblockingOutput(context.stdoutFd)
  const journal = openJournal(
    { shared: spec.shared, writer: replica, print: output.print, level },
    systemClock,
    serialQueue,
  )
  if (trouble !== undefined) journal.record('trouble', { what: 'log level', message: trouble })
  let scratch: string | undefined
  const engine = ENGINES[spec.engine]
  const slurm = withoutSlurm === undefined ? await reachSlurm(job, context) : undefined

  await registry
    .make()
    .then(() => registry.removeEarlierRuns({ tier: spec.tier, jobId: job.id, restarts: job.restarts }))
    .catch(error => journal.record('trouble', { what: 'registry', message: messageOf(error) }))
  const keys = createSiteKeySource(registry.siteKey, message =>
    journal.record('trouble', { what: 'site.key', message }),
  )
  const kept = ({ name, path }: EngineLog) => ({ name: keptLogName(name, job.restarts), path, without: keys.taken() })
  try {
    scratch = await makeScratch(context.env['TMPDIR'] || '/tmp', replica)
    if (engine.key(spec) !== undefined) await keys.first(systemClock, context.signal)
    await runSupervisor({
      identity: { tier: spec.tier, engine: engine.name, serves: [...engine.serves(spec)], job, build: thisBuild() },
      endpoints: await openEndpoints({ spec, job, scratch, workers, engineKey: keys.take, slurm }, context),
      limits: {
        loadTimeoutMs: spec.loadTimeoutSeconds * 1_000,
        killWaitMs: (slurm?.killWaitSeconds ?? DEFAULT_KILL_WAIT_SECONDS) * 1_000,
      },
      beatMs: spec.beatSeconds * 1_000,
      signalLeadSeconds: spec.signalLeadSeconds,
      registry: {
        ...registry,
        beat(beat) {
          journal.debug('beat', { replica, beat: beat.beat })
          return registry.beat(replica, beat)
        },
        keepLog: log => bulk.keepLog(job.id, kept(log)),
        collectLog: log => bulk.collectLog(job.id, kept(log)),
        showLog: log => bulk.showLog(job.id, kept(log)),
      },
      slurm: slurm?.effects,
      record: journal.record,
      oomKills: readOomKills,
      clock: systemClock,
      term: context.signal,
      onRequest: heard =>
        context.onSignal(REQUEST_SIGNAL, () => {
          registry.readRequest(replica).then(
            request => {
              if (request !== undefined) heard(request)
            },
            error => journal.record('cannot', { id: `${replica}-0`, what: 'read a request', error: messageOf(error) }),
          )
        }),
    })
  } catch (error) {
    // Standard error stays on this node; `sluice logs` and `explain` show the events in the shared directory.
    if (!context.signal.aborted) journal.record('failed', { id: `${replica}-0`, message: messageOf(error) })
    throw error
  } finally {
    await Promise.race([journal.close().then(output.flush), systemClock.sleep(LAST_WORDS_MS)])
    if (scratch !== undefined) await removeDirectory(scratch)
  }
}

interface EndpointsOptions {
  readonly spec: ReplicaSpec
  readonly job: Job
  readonly scratch: string
  readonly workers: WorkerNodes | undefined
  readonly engineKey: () => Promise<string>
  /** Without Slurm all GPUs of the machine are ours, and only the supervisor ends an engine. */
  readonly slurm: Pick<ReachedSlurm, 'termReachesAll'> | undefined
}

/** One engine for each endpoint, with its own GPUs, scratch space, log and port. */
async function openEndpoints(options: EndpointsOptions, { env, self }: Context) {
  const { spec, job, scratch, workers, engineKey, slurm } = options
  const { endpoints: count = 1, tensorParallel = 1, gpusEach = tensorParallel } = spec
  const gpus =
    spec.endpoints === undefined
      ? undefined
      : gpuSlices(
          masksInForce(
            slurm === undefined || spec.allGpus === true ? withAllGpus(env, count * gpusEach) : env,
            await hasAmdGpus(),
          ),
          count,
          gpusEach,
        )
  const engine = ENGINES[spec.engine]
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const id = endpointId({ tier: spec.tier, jobId: job.id, restarts: job.restarts, index })
      const own = count === 1 ? scratch : join(scratch, String(index))
      await mkdir(own, { recursive: true })
      return {
        id,
        engine: createEngineEffects({
          ...{ engine, self, marker: `SLUICE_ENDPOINT=${id}`, scratch: own, node: job.node, workers, engineKey },
          spec: { ...spec, ...(spec.port === undefined ? {} : { port: spec.port + index }) },
          termReachesAll: slurm?.termReachesAll,
          logName: count === 1 ? 'engine' : `engine-${index}`,
          env: { ...env, ...(gpus !== undefined && 'slices' in gpus ? gpus.slices[index] : {}) },
          problem: gpus !== undefined && 'problem' in gpus ? gpus.problem : undefined,
        }),
      }
    }),
  )
}

/** By the devices of its drivers. An AMD processor's own graphics may be present beside NVIDIA GPUs. */
async function hasAmdGpus(): Promise<boolean> {
  const isThere = (path: string) =>
    access(path).then(
      () => true,
      () => false,
    )
  return (await isThere('/dev/kfd')) && !(await isThere('/dev/nvidiactl'))
}

function withAllGpus(env: NodeJS.ProcessEnv, count: number): NodeJS.ProcessEnv {
  return { CUDA_VISIBLE_DEVICES: Array.from({ length: count }, (_, gpu) => gpu).join(','), ...env }
}

/** Slurm refuses a larger script (slurm.conf(5) max_script_size). */
const MAX_SPEC_BYTES = 4 * 1024 * 1024

async function readStdin({ stdin, signal }: Context): Promise<string> {
  try {
    return await readStreamText(stdin(), MAX_SPEC_BYTES, signal)
  } catch (cause) {
    throw new UserError('Cannot read the replica spec on standard input', { cause })
  }
}

function readSpec(input: string): ReplicaSpec {
  const read = parseReplicaSpec(input)
  if ('spec' in read) return read.spec
  throw new UserError(`Cannot use the replica spec on standard input: ${read.problem}`)
}

type Job = Endpoint['job']

interface ReachedSlurm {
  readonly effects: SlurmEffects
  readonly killWaitSeconds?: number | undefined
  readonly termReachesAll: boolean
}

async function reachSlurm(job: Job, { env }: Context): Promise<ReachedSlurm> {
  const slurm = openSlurm({ env, timeoutMs: SLURM_TIMEOUT_MS })
  const config = await slurm.config()
  return {
    killWaitSeconds: config.kind === 'answered' ? config.value.killWaitSeconds : undefined,
    // If not known, assume it: the protection harms only rare programs.
    termReachesAll: (config.kind === 'answered' ? termReachesAll(config.value) : undefined) ?? true,
    effects: {
      listen: (begun, signal) => listenForNotice({ env, node: job.node, begun, signal }),
      job: async () => {
        const answer = await slurm.job(job.id)
        if (answer.kind === 'no-such-job') return 'forgotten'
        return answer.kind === 'answered' ? answer.value : undefined
      },
      requeue: async () => orThrow(await slurm.requeueIncomplete(job.id)),
      cancel: async () => orThrow(await slurm.cancel(job.id)),
    },
  }
}

/** The nodes of the job besides this one, its first. */
async function workerNodes(spec: ReplicaSpec, job: Job, { env }: Context): Promise<WorkerNodes> {
  const listed = await openSlurm({ env, timeoutMs: SLURM_TIMEOUT_MS }).hostnames(env['SLURM_JOB_NODELIST'] ?? '')
  if (listed.kind !== 'answered') throw new Error("Cannot find out the job's nodes from SLURM_JOB_NODELIST")
  const environment = {
    ...engineEnvironment(ENGINES[spec.engine], env, spec.env),
    ...(spec.rpc?.cache === undefined ? {} : { LLAMA_CACHE: spec.rpc.cache }),
    SLUICE_WORKER: `${job.id}-${job.restarts}`,
  }
  return {
    names: listed.value.filter(name => name !== job.node),
    start: step => startWorkerStep({ ...step, env: environment, jobEnv: env, clock: systemClock }),
    connects: (address, port) => takesConnection(address, port, WORKER_CONNECT_MS),
  }
}

/** Our pid stands for a job's number. When the parent goes, however it goes, so do we, and the engine's watcher ends it. */
function jobWithoutSlurm(restarts: string, { dieWithParent }: Context): Job {
  dieWithParent()
  return jobOf(process.pid, Number(restarts))
}

function orThrow(answer: { kind: string; message?: string }): void {
  if (answer.kind !== 'accepted') throw new Error(answer.message ?? answer.kind)
}
