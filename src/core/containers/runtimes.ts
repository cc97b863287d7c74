import { apptainer } from './apptainer.ts'
import { podmanHpc } from './podman-hpc.ts'
import { pyxis } from './pyxis.ts'
import type { ContainerRuntime } from './runtime.ts'
import { shifter } from './shifter.ts'

/** Every way to run an engine in an image that a tier can name; the configuration's choices derive from its keys. */
export const RUNTIMES = { apptainer, shifter, 'podman-hpc': podmanHpc, pyxis } as const satisfies Record<
  string,
  ContainerRuntime
>
