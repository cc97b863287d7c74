import type { ClusterOptions } from './cluster-options.ts'
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

function slurmConf(cluster: Cluster): string {
  const { options, controller, nodes } = cluster
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
    ...preemption(options),
    // bf_interval and sched_interval in seconds: a preemptor is noticed soon after it came.
    'SchedulerType=sched/backfill',
    'SchedulerParameters=bf_interval=2,sched_interval=2,batch_sched_delay=0',
    ...accounting(cluster),
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
    ...partitions(options).map(text => `${text} Nodes=${names} MaxTime=INFINITE DefaultTime=01:00:00`),
  )
}

function preemption({ preemption }: ClusterOptions): readonly string[] {
  return preemption === 'qos'
    ? // The priorities of the QoS count for something only here.
      ['PreemptType=preempt/qos', 'PreemptMode=REQUEUE', 'PriorityType=priority/multifactor', 'PriorityWeightQOS=1000']
    : ['PreemptType=preempt/partition_prio', 'PreemptMode=REQUEUE']
}

function accounting({ options, controller }: Cluster): readonly string[] {
  return options.preemption === 'qos'
    ? [
        'AccountingStorageType=accounting_storage/slurmdbd',
        `AccountingStorageHost=${controller.name}`,
        'AccountingStorageEnforce=associations,limits,qos',
      ]
    : ['AccountingStorageType=accounting_storage/none']
}

/**
 * A partition's own GraceTime counts under preempt/partition_prio alone ("Who gets which signal",
 * docs/design/slurm.md).
 */
function partitions({ preemption, graceSeconds }: ClusterOptions): readonly string[] {
  return preemption === 'qos'
    ? ['PartitionName=gpu_ai Default=YES', 'PartitionName=gpu_vasp']
    : [
        `PartitionName=gpu_ai Default=YES PriorityTier=1 PreemptMode=REQUEUE GraceTime=${graceSeconds}`,
        'PartitionName=gpu_vasp PriorityTier=1000 PreemptMode=OFF',
      ]
}

function gresConf({ options, nodes }: Cluster): string {
  const names = nodes.map(node => node.name).join(',')
  // Files, because a bare Count= gives jobs no CUDA_VISIBLE_DEVICES.
  return options.gpusPerNode === 0
    ? ''
    : lines(`NodeName=${names} Name=gpu File=${GPU_DIRECTORY}/gpu[0-${options.gpusPerNode - 1}]`)
}

function cgroupConf({ options }: Cluster): string {
  if (options.proctrack === 'cgroup') return lines('IgnoreSystemd=yes')
  // Slurm 22.05 does not know the word, and asks for no cgroups where nothing wants them.
  return options.suite === 'bookworm' ? '' : lines('CgroupPlugin=disabled')
}

function lines(...text: readonly string[]): string {
  return `${text.join('\n')}\n`
}
