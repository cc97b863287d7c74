import type { Cluster } from './cluster-state.ts'
import { GPU_DIRECTORY, SLURM_SPOOL } from './directories.ts'

/** The files of /etc/slurm, name → text. */
export function slurmConfiguration(cluster: Cluster): Readonly<Record<string, string>> {
  return {
    'slurm.conf': slurmConf(cluster),
    'gres.conf': gresConf(cluster),
    'cgroup.conf': cgroupConf(cluster),
  }
}

function slurmConf({ options, controller, nodes }: Cluster): string {
  const names = nodes.map(node => node.name).join(',')
  const gpus = options.gpusPerNode > 0 ? ` Gres=gpu:${options.gpusPerNode}` : ''
  return lines(
    'ClusterName=lab',
    `SlurmctldHost=${controller.name}(${controller.address})`,
    'SlurmUser=root',
    'AuthType=auth/munge',
    `AuthInfo=cred_expire=${options.credExpireSeconds}`,
    `StateSaveLocation=${SLURM_SPOOL}/slurmctld`,
    `SlurmdSpoolDir=${SLURM_SPOOL}/slurmd.%n`,
    'SlurmctldPidFile=/run/slurmctld.pid',
    'SlurmdPidFile=/run/slurmd.%n.pid',
    'SlurmctldDebug=debug',
    'SlurmdDebug=debug',
    'MpiDefault=none',
    'MailProg=/bin/true',
    `ProctrackType=proctrack/${options.proctrack}`,
    'TaskPlugin=task/none',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_Core_Memory',
    'GresTypes=gpu',
    // The nodes claim more than this machine has, and Slurm believes them.
    'SlurmdParameters=config_overrides',
    'PreemptType=preempt/partition_prio',
    'PreemptMode=REQUEUE',
    // bf_interval and sched_interval in seconds: a preemptor is noticed soon after it came.
    'SchedulerType=sched/backfill',
    'SchedulerParameters=bf_interval=5,sched_interval=5,batch_sched_delay=0',
    'AccountingStorageType=accounting_storage/none',
    'JobAcctGatherType=jobacct_gather/none',
    `KillWait=${options.killWaitSeconds}`,
    `MinJobAge=${options.minJobAgeSeconds}`,
    `SlurmdTimeout=${options.slurmdTimeoutSeconds}`,
    'JobRequeue=1',
    'ReturnToService=2',
    // Without CAP_SYS_RESOURCE a limit of the submitting shell could not be raised on the node.
    'PropagateResourceLimits=NONE',
    `NodeName=DEFAULT CPUs=${options.cpusPerNode} RealMemory=${options.memoryMebibytesPerNode}${gpus} State=UNKNOWN`,
    ...nodes.map(node => `NodeName=${node.name} NodeAddr=${node.address}`),
    `PartitionName=gpu_ai Nodes=${names} Default=YES PriorityTier=1 PreemptMode=REQUEUE GraceTime=${options.graceSeconds} MaxTime=INFINITE DefaultTime=01:00:00`,
    `PartitionName=gpu_vasp Nodes=${names} PriorityTier=1000 PreemptMode=OFF MaxTime=INFINITE DefaultTime=01:00:00`,
  )
}

function gresConf({ options, nodes }: Cluster): string {
  const names = nodes.map(node => node.name).join(',')
  // Files, because a bare Count= gives jobs no CUDA_VISIBLE_DEVICES.
  return options.gpusPerNode === 0
    ? ''
    : lines(`NodeName=${names} Name=gpu File=${GPU_DIRECTORY}/gpu[0-${options.gpusPerNode - 1}]`)
}

function cgroupConf({ options }: Cluster): string {
  return options.proctrack === 'cgroup' ? lines('IgnoreSystemd=yes') : lines('CgroupPlugin=disabled')
}

function lines(...text: readonly string[]): string {
  return `${text.join('\n')}\n`
}
