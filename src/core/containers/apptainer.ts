import { type ContainerRuntime, mountText, repeated } from './runtime.ts'

/**
 * apptainer exec (reference: apptainer-exec(1), 1.4). The environment is passed as APPTAINERENV_ variables, which override the
 * image's and are not visible in argv. Without `--no-eval` a shell in the container would evaluate their values.
 *
 * Where it cannot mount a .sif (no FUSE, no setuid), it unpacks the image below APPTAINER_TMPDIR and leaves it there when it is
 * killed. So APPTAINER_TMPDIR is a directory of the replica that is emptied. The image may hold directories without write permission.
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
