import { type ContainerRuntime, mountText } from './runtime.ts'

/**
 * shifter (reference: NERSC/shifter src/shifter.c, 2024). The container inherits the environment; the image's variables override
 * it, and `--env` overrides those. So the tier's variables are passed by `--env`, and possible secrets are only inherited. An
 * `--env` without a value is an error. SHIFTER* and SLURM_SPANK_* override `--image` and are removed.
 *
 * Volumes need their mount points in the image, and may not cover the filesystems that the site mounts into every image
 * (siteFs of udiRoot.conf). So a model lies below one of those, or the tier mounts it to a directory that the image has.
 */
export const shifter: ContainerRuntime = {
  program: 'shifter',
  isPath: () => false,
  keepsEnvironment: /^$/,
  dropsEnvironment: /^(SHIFTER|SLURM_SPANK_)/,
  mountsNothing: true,
  contain: ({ container, command, mounts, inside, asked, outside }) => ({
    words: [
      'shifter',
      `--image=${container.image}`,
      ...modules(container.gpus),
      ...mounts.map(mount => `--volume=${mountText(mount)}`),
      ...Object.entries(asked).flatMap(([name, value]) => (value === '' ? [] : [`--env=${name}=${value}`])),
      ...container.args,
      command,
    ],
    env: { ...inside, ...outside },
  }),
}

/** Modules depend on the site; `gpu` is NERSC's for NVIDIA. There is no usual one for AMD. */
function modules(gpus: 'nvidia' | 'amd' | undefined): string[] {
  if (gpus === 'nvidia') return ['--module=gpu']
  return gpus === 'amd' ? [] : ['--module=none']
}
