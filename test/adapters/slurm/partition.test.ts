import { expect, it } from 'vitest'
import { parsePartitions } from '../../../src/adapters/slurm/partition.ts'

/** As Slurm 26.05 prints them, shortened. */
const text = `PartitionName=gpu_ai AllowGroups=ALL Default=YES QoS=N/A DefaultTime=01:00:00 Exclusive=NO GraceTime=20 Hidden=NO LLN=NO Nodes=vasp-[01-03] OverSubscribe=NO PreemptMode=REQUEUE State=UP JobDefaults=(null)
PartitionName=whole Default=NO GraceTime=0 Nodes=(null) OverSubscribe=EXCLUSIVE PreemptMode=CANCEL State=DRAIN

`

it('reads what the partitions do to jobs', () => {
  expect(parsePartitions(text)).toEqual([
    {
      name: 'gpu_ai',
      isDefault: true,
      graceSeconds: 20,
      preemptMode: 'REQUEUE',
      nodes: 'vasp-[01-03]',
      state: 'UP',
      isExclusive: false,
    },
    {
      name: 'whole',
      isDefault: false,
      graceSeconds: 0,
      preemptMode: 'CANCEL',
      nodes: '',
      state: 'DRAIN',
      isExclusive: true,
    },
  ])
})

it('knows only the name where nothing else is said', () => {
  expect(parsePartitions('PartitionName=x GraceTime=UNLIMITED')).toEqual([
    { name: 'x', isDefault: false, nodes: '', isExclusive: false },
  ])
  expect(parsePartitions('No partitions in the system')).toEqual([])
})
