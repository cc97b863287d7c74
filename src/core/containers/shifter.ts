import { type ContainerRuntime, mountText } from './runtime.ts'

/**
 * shifter (reference: NERSC/shifter src/shifter.c, 2024). It takes the environment over, where the image's own variables
 * beat it and `--env` beats those: so what the tier asks for is said by `--env`, and what may be secret is only inherited. An
 * `--env` without a value is an error. SHIFTER* and SLURM_SPANK_* beat `--image` and are left behind.
 *
 * Volumes need their mount points in the image, and may not lie over the filesystems that the site shows in every image
 * (siteFs of udiRoot.conf): models have to lie below one of those, or be mounted by the tier to a place that the image has.
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

/** Modules are the site's; `gpu` is NERSC's for NVIDIA. For AMD nobody has a usual one. */
function modules(gpus: 'nvidia' | 'amd' | undefined): string[] {
  if (gpus === 'nvidia') return ['--module=gpu']
  return gpus === 'amd' ? [] : ['--module=none']
}
