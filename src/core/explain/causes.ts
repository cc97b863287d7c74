import type { Cause } from './cause.ts'
import { ENGINE_AFTERMATH, ENGINE_CAUSES } from './engine-words.ts'
import { GROUP_CAUSES } from './group-causes.ts'
import { LAST_CAUSES } from './last-causes.ts'
import { DEVICE_CAUSES, HOST_MEMORY } from './memory-causes.ts'
import { SLURM_CAUSES } from './slurm-causes.ts'
import { MODEL_BROKEN, START_CAUSES } from './start-causes.ts'

/**
 * Every way in which a run can end. The first match wins. Reports of the kernel and of Slurm about memory and nodes come
 * before those of the supervisor, and the notice to leave before an engine's failures. Among failures a cause comes before its
 * consequence: a model fails to load because memory is short, and a head aborts because its worker has gone.
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
