import { type ContainerRuntime, mountText, repeated } from './runtime.ts'

/**
 * apptainer exec (reference: apptainer-exec(1), 1.4). The environment comes as APPTAINERENV_ variables, which beat the
 * image's and stand in no argv; without `--no-eval` a shell in the container would evaluate their values.
 *
 * Where neither FUSE nor setuid lets it mount a .sif, it unpacks the image below APPTAINER_TMPDIR, and when it is killed
 * that stays: a directory of the replica's own is emptied then. What it unpacks may hold directories without write permission.
 */
export const apptainer: ContainerRuntime = {
  program: 'apptainer',
  isPath: () => true,
  keepsEnvironment: /^APPTAINER_(CACHEDIR|CONFIGDIR)$/,
  contain: ({ container, command, mounts, inside, outside, scratch }) => ({
    words: [
      ...(['apptainer', 'exec', '--cleanenv', '--no-eval'] as const),
      ...(container.gpus === undefined ? [] : [container.gpus === 'amd' ? '--rocm' : '--nv']),
      ...repeated('--bind', mounts.map(mountText)),
      ...container.args,
      container.image,
      command,
    ],
    env: {
      ...outside,
      ...Object.fromEntries(Object.entries(inside).map(([name, value]) => [`APPTAINERENV_${name}`, value])),
      APPTAINER_TMPDIR: scratch,
    },
    cleanUp: ['/bin/sh', '-c', EMPTY, 'sluice', scratch],
  }),
}

const EMPTY = 'chmod -R u+w -- "$1" 2>/dev/null; rm -rf -- "$1"/*'
