import { describe, expect, it } from 'vitest'
import { isStuck, waitOf } from '../../../src/core/explain/waits.ts'
import { view } from './facts-of.ts'

const pending = (of: Parameters<typeof view>[0]) => view({ state: 'pending', stateText: 'PENDING', ...of })

/** Every word of Slurm's own table (job_state_reason.c of 22.05 to 26.05), and its texts that take the place of a word. */
const TABLE: Readonly<Record<string, string>> = {
  'held-by-admin': 'JobHeldAdmin',
  'held-by-user': 'JobHeldUser',
  'held-max-requeue': 'JobHoldMaxRequeue',
  'can-never-run': `PartitionNodeLimit PartitionTimeLimit PartitionConfig BadConstraints Constraints InvalidAccount
    InvalidQOS QOSNotAllowed AccountNotAllowed MaxMemPerLimit DependencyNeverSatisfied ReservationDeleted
    ReservationInvalid DeadLine BurstBufferOperation AssociationTimeLimit QOSTimeLimit
    QOSMaxCpuPerJobLimit QOSMaxCpuMinutesPerJobLimit QOSMaxNodePerJobLimit QOSMaxWallDurationPerJobLimit
    QOSMinCpuNotSatisfied AssocMaxCpuPerJobLimit AssocMaxCpuMinutesPerJobLimit AssocMaxNodePerJobLimit
    AssocMaxWallDurationPerJobLimit AssocMaxUnknownPerJob AssocMaxUnknownPerNode AssocMaxUnknownMinutesPerJob
    AssocMaxCpuPerNode AssocMaxMemPerJob AssocMaxMemPerNode AssocMaxMemMinutesPerJob AssocMaxNodeMinutesPerJob
    AssocMaxEnergyPerJob AssocMaxEnergyPerNode AssocMaxEnergyMinutesPerJob AssocMaxGRESPerJob AssocMaxGRESPerNode
    AssocMaxGRESMinutesPerJob AssocMaxLicensePerJob AssocMaxLicenseMinutesPerJob AssocMaxBBPerJob AssocMaxBBPerNode
    AssocMaxBBMinutesPerJob AssocMaxBillingPerJob AssocMaxBillingPerNode AssocMaxBillingMinutesPerJob
    QOSMaxUnknownPerJob QOSMaxUnknownPerNode QOSMaxUnknownMinutesPerJob QOSMinUnknown QOSMaxCpuPerNode
    QOSMaxMemoryPerJob QOSMaxMemoryPerNode QOSMaxMemoryMinutesPerJob QOSMinMemory QOSMaxNodeMinutesPerJob QOSMinNode
    QOSMaxEnergyPerJob QOSMaxEnergyPerNode QOSMaxEnergyMinutesPerJob QOSMinEnergy QOSMaxGRESPerJob QOSMaxGRESPerNode
    QOSMaxGRESMinutesPerJob QOSMinGRES QOSMaxLicensePerJob QOSMaxLicenseMinutesPerJob QOSMinLicense QOSMaxBBPerJob
    QOSMaxBBPerNode QOSMinBB QOSMaxBillingPerJob QOSMaxBillingPerNode QOSMaxBillingMinutesPerJob QOSMinBilling`,
  'budget-spent': `QOSGrpCPUMinutesLimit QOSGrpCPURunMinutesLimit AssocGrpCPUMinutesLimit AssocGrpCPURunMinutesLimit
    AssocGrpUnknownMinutes AssocGrpUnknownRunMinutes AssocGrpMemMinutes AssocGrpMemRunMinutes AssocGrpNodeMinutes
    AssocGrpNodeRunMinutes AssocGrpEnergyMinutes AssocGrpEnergyRunMinutes AssocGrpGRESMinutes AssocGrpGRESRunMinutes
    AssocGrpLicenseMinutes AssocGrpLicenseRunMinutes AssocGrpBBMinutes AssocGrpBBRunMinutes AssocGrpBillingMinutes
    AssocGrpBillingRunMinutes QOSGrpUnknownMinutes QOSGrpUnknownRunMinutes QOSGrpMemoryMinutes QOSGrpMemoryRunMinutes
    QOSGrpNodeMinutes QOSGrpNodeRunMinutes QOSGrpEnergyMinutes QOSGrpEnergyRunMinutes QOSGrpGRESMinutes
    QOSGrpGRESRunMinutes QOSGrpLicenseMinutes QOSGrpLicenseRunMinutes QOSGrpBBMinutes QOSGrpBBRunMinutes
    QOSGrpBillingMinutes QOSGrpBillingRunMinutes`,
  'waits-for-limit': `AssociationJobLimit AssociationResourceLimit QOSUsageThreshold QOSJobLimit QOSResourceLimit
    QOSGrpCpuLimit QOSGrpJobsLimit QOSGrpMemLimit QOSGrpNodeLimit QOSGrpSubmitJobsLimit QOSGrpWallLimit
    QOSMaxCpuPerUserLimit QOSMaxJobsPerUserLimit QOSMaxNodePerUserLimit QOSMaxSubmitJobPerUserLimit AssocGrpCpuLimit
    AssocGrpJobsLimit AssocGrpMemLimit AssocGrpNodeLimit AssocGrpSubmitJobsLimit AssocGrpWallLimit AssocMaxJobsLimit
    AssocMaxSubmitJobLimit JobArrayTaskLimit AssocGrpUnknown AssocGrpEnergy AssocGrpGRES AssocGrpLicense AssocGrpBB
    QOSGrpUnknown QOSMaxUnknownPerUser QOSMaxMemoryPerUser QOSGrpEnergy QOSMaxEnergyPerUser QOSGrpGRES QOSMaxGRESPerUser
    QOSGrpLicense QOSMaxLicensePerUser QOSGrpBB QOSMaxBBPerUser MaxBBPerAccount MaxCpuPerAccount MaxEnergyPerAccount
    MaxGRESPerAccount MaxNodePerAccount MaxLicensePerAccount MaxMemoryPerAccount MaxUnknownPerAccount MaxJobsPerAccount
    MaxSubmitJobsPerAccount AccountingPolicy AssocGrpBilling QOSGrpBilling QOSMaxBillingPerUser MaxBillingPerAccount`,
  'waits-for-start-time': 'BeginTime',
  'waits-for-reservation': 'Reservation',
  'waits-for-job': 'Dependency',
  'waits-for-partition': 'PartitionDown PartitionInactive',
  'waits-for-nodes-to-return': 'ReqNodeNotAvail NodeDown FrontEndDown PowerNotAvail',
  'waits-for-nodes': 'Resources Priority',
  'waits-for-licenses': 'Licenses',
  'waits-for-slurm': `None Prolog Cleaning SchedDefer FedJobLock BurstBufferResources BurstBufferStageIn PowerReserved`,
  'waits-after-its-end': `SystemFailure JobLaunchFailure NonZeroExitCode RaisedSignal TimeLimit InactiveLimit OutOfMemory`,
}

describe('why a job waits', () => {
  it.each(Object.entries(TABLE).flatMap(([id, words]) => words.split(/\s+/).map(reason => [reason, id] as const)))(
    '%s: %s',
    (reason, id) => {
      const job = pending({ reason })
      const { what, fix, ...wait } = waitOf(job)
      expect(wait.id).toBe(id)
      expect(typeof what === 'string' ? what : what(job)).toMatch(/^[A-Z].*[^.]$/)
      expect(`${fix?.(job)}`).not.toMatch(/undefined./)
      expect(isStuck(job)).toBe(/^(held|can-never)/.test(id))
    },
  )

  it.each([
    ['PENDING', 'launch_failure_limit_exceeded_requeued_held', 'held-max-requeue'],
    ['PENDING', 'launch failed requeued held', 'held-after-launch-failure'],
    ['PENDING', 'job requeued in held state', 'held-requeued'],
    ['REQUEUE_HOLD', 'job_requeued_in_held_state', 'held-requeued'],
    ['SPECIAL_EXIT', 'None', 'held-requeued'],
    ['REQUEUED', 'None', 'waits-for-slurm'],
    ['PENDING', 'ReqNodeNotAvail, Reserved for maintenance', 'waits-for-maintenance'],
    ['PENDING', 'ReqNodeNotAvail,_Reserved_for_maintenance', 'waits-for-maintenance'],
    ['PENDING', 'ReqNodeNotAvail, May be reserved for other job', 'waits-for-reservation'],
    ['PENDING', 'ReqNodeNotAvail, UnavailableNodes:vasp-02', 'waits-for-nodes-to-return'],
    [
      'PENDING',
      'Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions',
      'waits-for-nodes-to-return',
    ],
    ['PENDING', 'OfTomorrow', 'waits'],
  ])('%s %s: %s', (stateText, reason, id) => {
    expect(waitOf(pending({ stateText, reason })).id).toBe(id)
  })

  it('a start time that was set differs from the pause of a requeue', () => {
    const requeued = { reason: 'BeginTime', restarts: 1, submitTime: 1_000 }
    expect(waitOf(pending({ ...requeued, eligibleTime: 1_121 })).id).toBe('waits-after-requeue')
    const set = pending({ ...requeued, eligibleTime: 1_700_000_000 })
    expect(waitOf(set).id).toBe('waits-for-start-time')
    expect((waitOf(set).what as (job: unknown) => string)(set)).toContain('before 2023-11-14T22:13:20.000Z')
  })

  it('maintenance leaves room for a shorter job', () => {
    const job = pending({ reason: 'ReqNodeNotAvail, Reserved for maintenance', timeLimitSeconds: 86_400 })
    expect(waitOf(job).fix?.(job)).toMatch(/a shorter time than its 1440 min: scontrol update JobId=7 TimeLimit=/)
  })
})
