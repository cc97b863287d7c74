import type { Cause } from './cause.ts'
import { ENGINE_AFTERMATH, ENGINE_CAUSES } from './engine-words.ts'
import { GROUP_CAUSES } from './group-causes.ts'
import { LAST_CAUSES } from './last-causes.ts'
import { DEVICE_CAUSES, HOST_MEMORY } from './memory-causes.ts'
import { SLURM_CAUSES } from './slurm-causes.ts'
import { MODEL_BROKEN, START_CAUSES } from './start-causes.ts'

/**
 * Every way in which a run can end, first match wins: the word of the kernel and of Slurm about memory and nodes before
 * that of the supervisor, the supervisor's notice before an engine's troubles; among these what explains before what
 * only follows from it. A model fails to load because memory is short, a head aborts because its worker has gone.
 */
export const CAUSES: readonly Cause[] = [
  HOST_MEMORY,
  ...SLURM_CAUSES,
  ...DEVICE_CAUSES,
  ...ENGINE_CAUSES,
  ...START_CAUSES,
  ...GROUP_CAUSES,
  MODEL_BROKEN,
  ...ENGINE_AFTERMATH,
  ...LAST_CAUSES,
]
