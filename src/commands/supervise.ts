import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { endpointId, replicaId } from '../domain/endpoint.ts'
import type { ReplicaSpec } from '../domain/replica-spec.ts'
import { UserError } from '../domain/user-error.ts'
import { ENGINES } from '../engines/index.ts'
import { openJournal } from '../registry/journal.ts'
import { openRegistry } from '../registry/open-registry.ts'
import { createEngineEffects } from '../server/engine-effects.ts'
import { listenForNotice } from '../slurm/ear.ts'
import { openSlurm } from '../slurm/open-slurm.ts'
import { REQUEST_SIGNAL } from '../slurm/slurm.ts'
import { supervise as run } from '../supervisor/loop.ts'
import { systemClock } from '../system/clock.ts'
import { createLane } from '../system/lane.ts'
import type { Context } from './context.ts'

/** slurm.conf(5) KillWait, where Slurm does not say. */
const DEFAULT_KILL_WAIT_SECONDS = 30
/** Slurm answers in milliseconds or is in trouble; inside a grace nobody waits a minute. */
const SLURM_TIMEOUT_MS = 10_000
const SHARED_DEADLINE_MS = 5_000

/** The batch process of a job script: runs the replica whose spec comes on standard input, until Slurm ends the job. */
export async function supervise(context: Context): Promise<void> {
  const spec = readSpec(await text(process.stdin))
  const job = readJob(context.env)
  // Slurm's --signal reaches steps only, but whoever sends it here too means the same: the ear has heard it.
  for (const name of ['SIGUSR2', 'SIGHUP'] as const) process.on(name, () => undefined)

  const lane = createLane(systemClock, SHARED_DEADLINE_MS)
  const registry = openRegistry(spec.shared, lane)
  const replica = replicaId({ tier: spec.tier, jobId: job.id, restarts: job.restarts })
  const journal = openJournal({ shared: spec.shared, writer: replica, print: context.print }, systemClock, lane)
  const scratch = await mkdtemp(join(context.env['TMPDIR'] ?? '/tmp', `sluice-${replica}-`))
  const engine = ENGINES[spec.engine]
  const id = endpointId({ tier: spec.tier, jobId: job.id, restarts: job.restarts, index: 0 })
  const slurm = openSlurm({ env: context.env, timeoutMs: SLURM_TIMEOUT_MS })
  const config = await slurm.config()
  const killWait = config.kind === 'answered' ? config.value.killWaitSeconds : undefined
  const logFile = join(scratch, 'engine.log')

  await registry.make().catch(error => journal.record('trouble', { what: 'registry', message: String(error) }))
  try {
    await run({
      identity: { id, tier: spec.tier, engine: engine.name, serves: [...engine.serves], job },
      limits: {
        loadTimeoutMs: spec.loadTimeoutSeconds * 1_000,
        killWaitMs: (killWait ?? DEFAULT_KILL_WAIT_SECONDS) * 1_000,
      },
      beatMs: spec.beatSeconds * 1_000,
      signalLeadSeconds: spec.signalLeadSeconds,
      registry: {
        ...registry,
        beat: beat => registry.beat(id, beat),
        keepLog: file => registry.keepLog(job.id, `engine-${job.restarts}.log`, file),
      },
      engine: createEngineEffects({ engine, spec, env: context.env, marker: `SLUICE_ENDPOINT=${id}`, logFile }),
      slurm: {
        listen: (begun, signal) => listenForNotice({ env: context.env, node: job.node, begun, signal }),
        job: async () => {
          const answer = await slurm.job(job.id)
          if (answer.kind === 'no-such-job') return 'forgotten'
          return answer.kind === 'answered' ? answer.value : undefined
        },
        requeue: async () => orThrow(await slurm.requeueIncomplete(job.id)),
        cancel: async () => orThrow(await slurm.cancel(job.id)),
      },
      record: journal.record,
      clock: systemClock,
      term: context.signal,
      onDismissal: heard =>
        process.on(REQUEST_SIGNAL, () => {
          registry.asked(replica).then(
            dismissal => {
              if (dismissal !== undefined) heard(dismissal)
            },
            error => journal.record('cannot', { id, what: 'obey a request', error: String(error) }),
          )
        }),
    })
  } finally {
    await journal.close()
    await rm(scratch, { recursive: true, force: true })
  }
}

function readSpec(input: string): ReplicaSpec {
  try {
    const spec: ReplicaSpec = JSON.parse(input)
    if (spec.version === 1 && spec.engine in ENGINES) return spec
    throw new Error(`version ${spec.version}, engine "${spec.engine}"`)
  } catch (cause) {
    throw new UserError(
      'Cannot supervise: standard input holds no replica spec; start it from a script of `sluice render`',
      {
        cause,
      },
    )
  }
}

function readJob(env: NodeJS.ProcessEnv): { id: string; restarts: number; name: string; node: string } {
  const id = env['SLURM_JOB_ID']
  const node = env['SLURMD_NODENAME']
  if (id === undefined || node === undefined) {
    throw new UserError(
      'Cannot supervise: SLURM_JOB_ID and SLURMD_NODENAME are not set; submit the script with `sluice submit`',
    )
  }
  // Unset in the first run (reference: sbatch(1) OUTPUT ENVIRONMENT VARIABLES).
  return { id, node, restarts: Number(env['SLURM_RESTART_COUNT'] ?? 0), name: env['SLURM_JOB_NAME'] ?? '' }
}

function orThrow(answer: { kind: string; message?: string }): void {
  if (answer.kind !== 'accepted') throw new Error(answer.message ?? answer.kind)
}
