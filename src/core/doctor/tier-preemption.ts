import { termReachesAll } from '../domain/block-notice-signals.ts'
import { KEPT_SECONDS } from '../domain/kill-wait.ts'
import { type DoctorFinding, ok, unknown } from './doctor-finding.ts'
import type { SlurmFacts, TierFacts } from './facts.ts'

/** How a preemption ends a job: by its partitions, or by its QoS where preempt/qos is set. */
export function examinePreemption(tier: TierFacts, slurm: SlurmFacts): readonly DoctorFinding[] {
  if ('unknown' in slurm.config) return []
  const { preemptType, preemptMode = 'OFF' } = slurm.config
  if (preemptType === undefined || preemptType === 'preempt/none' || preemptMode === 'OFF') return []
  if (preemptType === 'preempt/qos') return preemptionByQos(tier, slurm, preemptMode)
  return (tier.partitions ?? []).flatMap(one => {
    const from: Source = {
      where: `partition ${one.name}`,
      seconds: one.graceSeconds,
      preemptMode: one.preemptMode ?? preemptMode,
      change: `scontrol update PartitionName=${one.name} GraceTime=120, and the same in slurm.conf`,
    }
    return [...grace(tier, from, slurm), ...mode(tier, from)]
  })
}

/** The partition or QoS that decides how a tier's jobs are preempted. */
interface Source {
  /** `partition gpu_ai`. */
  readonly where: string
  readonly seconds: number | undefined
  readonly preemptMode: string
  /** How to ask for a longer grace. */
  readonly change: string
}

function preemptionByQos(tier: TierFacts, slurm: SlurmFacts, clusterMode: string): readonly DoctorFinding[] {
  const { name, qos, qosFacts } = tier
  if (qosFacts === undefined) {
    const which = qos === undefined ? 'its default QoS' : `QoS ${qos}`
    return [
      unknown(
        `tier.grace.${name}`,
        `${name}: the grace of ${which} is not known`,
        'sacctmgr show qos does not show it',
      ),
    ]
  }
  const own = qosFacts.preemptMode
  const from: Source = {
    where: `QoS ${qos}`,
    seconds: qosFacts.graceSeconds,
    preemptMode: own === '' || own === 'CLUSTER' ? clusterMode : own,
    change: `sacctmgr modify qos ${qos} set GraceTime=120`,
  }
  return [...grace(tier, from, slurm), ...mode(tier, from)]
}

function grace(
  { name }: TierFacts,
  { where, seconds, preemptMode, change }: Source,
  { config }: SlurmFacts,
): readonly DoctorFinding[] {
  const id = `tier.grace.${name}`
  if (preemptMode.includes('OFF')) return []
  if (seconds === undefined) return [unknown(id, `${name}: GraceTime of ${where} is not known`)]
  const known = 'unknown' in config ? {} : config
  const { killWaitSeconds } = known
  if (seconds === 0) {
    const all = `KillWait${killWaitSeconds === undefined ? '' : ` (${killWaitSeconds} s)`} is all the time there is`
    return [
      {
        id,
        level: 'problem',
        what: `${name}: GraceTime of ${where} is 0`,
        why:
          `The batch process gets TERM when the job has already ended: ${all}` +
          (termReachesAll(known) === true
            ? '; nodes whose coreutils are older than 8.31 cannot keep it from the engine, and answers are cut'
            : ''),
        fix: `ask for a grace as long as your longest answers: ${change}`,
      },
    ]
  }
  const windowSeconds = seconds - KEPT_SECONDS
  if (windowSeconds <= 0) {
    const what = `${name}: GraceTime of ${where} is ${seconds} s, and Sluice keeps ${KEPT_SECONDS} s for the end`
    return [
      {
        id,
        level: 'problem',
        what,
        why: 'Answers are cut',
        fix: `ask for a longer grace: ${change}`,
      },
    ]
  }
  const what = `${name}: your drain window is ${windowSeconds} s (GraceTime of ${where} ${seconds} s, ${KEPT_SECONDS} s kept for the end)`
  return [ok(id, what, 'Answers that take longer are cut by a preemption')]
}

function mode({ name }: TierFacts, { where, preemptMode }: Source): readonly DoctorFinding[] {
  const id = `tier.preempt-mode.${name}`
  if (preemptMode.includes('REQUEUE')) return [ok(id, `${name}: ${where} requeues what it preempts`)]
  if (preemptMode.includes('OFF')) {
    return [
      { id, level: 'note', what: `${name}: ${where} is never preempted`, why: 'Replicas leave at their walltime only' },
    ]
  }
  if (preemptMode.includes('CANCEL')) {
    return [
      {
        id,
        level: 'warning',
        what: `${name}: ${where} cancels what it preempts`,
        why: 'A replica requeues itself during its grace; if it is late, the job is gone for good',
        fix: 'ask for PreemptMode=REQUEUE',
      },
    ]
  }
  if (preemptMode.includes('SUSPEND') || preemptMode.includes('WITHIN')) {
    return [
      {
        id,
        level: 'problem',
        what: `${name}: ${where} has PreemptMode ${preemptMode}`,
        why: 'A suspended engine keeps its GPU memory and answers nothing, without a notice',
        fix: 'ask for PreemptMode=REQUEUE',
      },
    ]
  }
  return [unknown(id, `${name}: ${where} has PreemptMode ${preemptMode}, which this version does not know`)]
}
