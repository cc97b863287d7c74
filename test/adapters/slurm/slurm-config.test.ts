import { expect, it } from 'vitest'
import { parseSlurmConfig } from '../../../src/adapters/slurm/slurm-config.ts'

const text = `Configuration data as of 2026-11-20T22:48:09
AuthInfo                = socket=/run/munge.socket,cred_expire=5
ClusterName             = lab
JobRequeue              = 1
KillWait                = 10 sec
MaxJobCount             = 10000
MinJobAge               = 300 sec
PreemptMode             = GANG,REQUEUE
PreemptParameters       = (null)
PreemptType             = preempt/partition_prio
ProctrackType           = proctrack/cgroup
SchedulerParameters     = bf_interval=5,requeue_delay=3
SlurmctldParameters     = enable_configless
SLURM_VERSION           = 26.05.5

Cgroup Support Configuration:
KillWait                = 99
SignalChildrenProcesses = no

Slurmctld(primary) at slurm-ctl is UP
`

it('reads the values that Sluice depends on', () => {
  expect(parseSlurmConfig(text)).toEqual({
    version: '26.05.5',
    clusterName: 'lab',
    killWaitSeconds: 10,
    minJobAgeSeconds: 300,
    maxJobCount: 10_000,
    preemptType: 'preempt/partition_prio',
    preemptMode: 'GANG,REQUEUE',
    slurmctldParameters: 'enable_configless',
    jobRequeue: true,
    proctrackType: 'proctrack/cgroup',
    signalChildrenProcesses: false,
    authInfo: 'socket=/run/munge.socket,cred_expire=5',
    requeueDelaySeconds: 3,
    credExpireSeconds: 5,
  })
})

it.each([
  ['nothing', ''],
  ['no value', 'KillWait = (null)\nAuthInfo =\n'],
  ['a value in other words', 'KillWait = a while\nJobRequeue = maybe\n'],
])('knows nothing from %s', (_, words) => {
  expect(parseSlurmConfig(words)).toEqual({})
})
