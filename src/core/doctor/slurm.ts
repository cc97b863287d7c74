import { KEPT_SECONDS } from '../domain/kill-wait.ts'
import { requeuePauseSeconds } from '../domain/requeue-pause.ts'
import type { SlurmConfig } from '../domain/slurm-config.ts'
import { type DoctorFinding, ok, unknown } from './doctor-finding.ts'
import type { SlurmFacts } from './facts.ts'

/** Findings for the whole cluster. */
export function examineSlurm({ config, squeueSeconds }: SlurmFacts): readonly DoctorFinding[] {
  if ('unknown' in config) {
    return [{ ...unknown('slurm.config', config.unknown), fix: 'make scontrol show config work here' }]
  }
  return [
    version(config),
    preemption(config),
    signal(config),
    killWait(config),
    memory(config, squeueSeconds),
    requeue(config),
    delay(config),
  ].flat()
}

const OLDEST = [22, 5]
const NEWEST = [26, 5]

function version({ version: text }: SlurmConfig): DoctorFinding {
  const id = 'slurm.version'
  const [major, minor] = (text ?? '').split('.').map(Number)
  if (text === undefined || major === undefined || minor === undefined)
    return unknown(id, 'The version of Slurm is not known')
  const isBefore = (of: readonly number[]) => major < (of[0] ?? 0) || (major === of[0] && minor < (of[1] ?? 0))
  const isAfter = (of: readonly number[]) => major > (of[0] ?? 0) || (major === of[0] && minor > (of[1] ?? 0))
  if (isBefore(OLDEST)) {
    return {
      id,
      level: 'warning',
      what: `Slurm ${text} is older than 22.05`,
      why: 'Sluice was written for 22.05 to 26.05',
    }
  }
  if (isAfter(NEWEST))
    return { id, level: 'note', what: `Slurm ${text} is newer than what Sluice was tested on (26.05)` }
  return ok(id, `Slurm ${text}`)
}

function preemption({ preemptType, preemptMode }: SlurmConfig): DoctorFinding {
  const id = 'slurm.preemption'
  if (preemptType === undefined) return unknown(id, 'How this cluster preempts is not known')
  const mode = preemptMode ?? 'OFF'
  if (preemptType === 'preempt/none' || mode === 'OFF') {
    return { id, level: 'note', what: 'This cluster does not preempt', why: 'Replicas leave at their walltime only' }
  }
  const by = preemptType === 'preempt/qos' ? 'qualities of service' : 'partitions'
  return ok(id, `Preemption by ${by}, mode ${mode}`, `GraceTime counts where the ${by} have it`)
}

function signal({ preemptParameters, slurmctldParameters }: SlurmConfig): readonly DoctorFinding[] {
  const isOn = /send_user_signal/.test(`${preemptParameters ?? ''},${slurmctldParameters ?? ''}`)
  const why = 'The signal of --signal replaces TERM; replicas take both for the same notice'
  return isOn ? [ok('slurm.signal', 'A preemption sends the user signal (send_user_signal)', why)] : []
}

function killWait({ killWaitSeconds }: SlurmConfig): DoctorFinding {
  const id = 'slurm.kill-wait'
  if (killWaitSeconds === undefined) return unknown(id, 'KillWait is not known')
  const what = `KillWait is ${killWaitSeconds} s`
  if (killWaitSeconds > KEPT_SECONDS) return ok(id, what)
  return {
    id,
    level: 'warning',
    what,
    why: `${KEPT_SECONDS} s are kept for the end: after a TERM without a grace no answer is finished, and the engine may be killed hard`,
    fix: 'set KillWait=30 in slurm.conf, its default',
  }
}

function memory({ minJobAgeSeconds }: SlurmConfig, squeueSeconds: number): DoctorFinding {
  const id = 'slurm.min-job-age'
  if (minJobAgeSeconds === undefined) return unknown(id, 'MinJobAge is not known')
  const what = `Slurm remembers a finished job for ${minJobAgeSeconds} s, and is polled every ${squeueSeconds} s`
  if (minJobAgeSeconds === 0 || minJobAgeSeconds >= 3 * squeueSeconds) return ok(id, what)
  return {
    id,
    level: 'warning',
    what,
    why: 'A job can end and be forgotten between two polls, and the reason of its end is lost',
    fix: `set timing.squeueSeconds to ${Math.max(1, Math.floor(minJobAgeSeconds / 3))} or less, or raise MinJobAge`,
  }
}

function requeue({ jobRequeue }: SlurmConfig): readonly DoctorFinding[] {
  if (jobRequeue !== false) return []
  const why = 'Job scripts have --requeue, which overrides it'
  return [{ id: 'slurm.requeue', level: 'note', what: 'Jobs are not requeued by default (JobRequeue=0)', why }]
}

function delay(config: SlurmConfig): DoctorFinding {
  const cause = config.requeueDelaySeconds === undefined ? 'cred_expire' : 'requeue_delay'
  const what = `Slurm holds a requeued job for ${requeuePauseSeconds(config)} s (${cause})`
  return ok('slurm.requeue-delay', what, 'A running updater ends that at its next poll')
}
