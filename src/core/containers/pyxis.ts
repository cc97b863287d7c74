import { BLOCK_NOTICE_SIGNALS } from '../domain/block-notice-signals.ts'
import { type ContainerRuntime, mountText } from './runtime.ts'

/**
 * srun with pyxis (reference: NVIDIA/pyxis args.c and pyxis_slurmstepd.c, 0.21): a step beside the batch step that shares the job's
 * resources. The image's variables override the job's, except those that `--container-env` names; their values come from the
 * environment.
 *
 * A step receives every notice that Slurm sends, so TERM and USR2 are blocked. Slurm sets the visible GPUs for each step, so the
 * endpoint's own GPUs are set last. A TERM to srun ends the step at once, a KILL would not.
 */
export const pyxis: ContainerRuntime = {
  program: 'srun',
  plugin: { option: '--container-image', missing: 'srun has no --container-image: pyxis is not installed here' },
  isPath: image => image.startsWith('/'),
  keepsEnvironment: /^(SLURM_(?!SPANK_)|ENROOT_)/,
  dropsEnvironment: /^PYXIS_/,
  contain: ({ container, command, mounts, inside, outside, node, cpus }) => {
    const isTheNodes = (name: string) => Object.hasOwn(outside, name)
    const words = [
      ...(['srun', '--overlap', '-N1', '-n1', `-c${cpus}`, '-w', node, '--cpu-bind=none'] as const),
      ...['--job-name=engine', '--unbuffered', '--kill-on-bad-exit=0', '--wait=0', '--input=none'],
      `--container-image=${container.image}`,
      ...(mounts.length === 0 ? [] : [`--container-mounts=${mounts.map(mountText).join(',')}`]),
      '--no-container-entrypoint',
      `--container-env=${Object.keys(inside)
        .filter(name => !isTheNodes(name))
        .join(',')}`,
      ...container.args,
      ...['/bin/sh', '-c', BLOCK_NOTICE_SIGNALS, 'sluice', 'env'],
      ...Object.entries(inside).flatMap(([name, value]) =>
        isTheNodes(name) || DEVICES.test(name) ? [`${name}=${value}`] : [],
      ),
      command,
    ] as const
    return { words, env: { ...inside, ...outside }, termMs: TERM_MS }
  },
}

const DEVICES = /_VISIBLE_DEVICES$|^GPU_DEVICE_ORDINAL$/

/** srun asks slurmctld, and slurmctld asks the node. */
const TERM_MS = 5_000
