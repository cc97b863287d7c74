import { type ContainerRuntime, mountText, repeated } from './runtime.ts'

/**
 * podman-hpc run (reference: NERSC/podman-hpc 1.1, podman-run(1)). `--env NAME` takes the value from podman's own environment, so
 * that argv has no values, except for variables that podman itself reads. `--ipc host`: the processes of an engine share tensors
 * in /dev/shm, and a container's own has only 64 MB.
 *
 * The container is conmon's child, not podman's: when podman is killed it stays.
 */
export const podmanHpc: ContainerRuntime = {
  program: 'podman-hpc',
  isPath: () => false,
  keepsEnvironment: /^(PODMANHPC_\w+|SCRATCH|XDG_CONFIG_HOME|XDG_DATA_HOME)$/,
  contain: ({ container, command, mounts, inside, outside, name }) => ({
    words: [
      ...(['podman-hpc', 'run', '--rm', '--init', '--replace', '--name', name] as const),
      ...(container.gpus === undefined ? [] : container.gpus === 'nvidia' ? ['--gpu'] : AMD),
      ...['--network', 'host', '--ipc', 'host'],
      ...repeated(
        '--env',
        Object.entries(inside).map(([key, value]) => (Object.hasOwn(outside, key) ? `${key}=${value}` : key)),
      ),
      ...repeated('--volume', mounts.map(mountText)),
      ...container.args,
      ...['--entrypoint', command],
      container.image,
    ],
    env: { ...inside, ...outside },
    cleanUp: ['/bin/sh', '-c', END, 'sluice', name],
  }),
}

/** podman-hpc has a module for NVIDIA only. */
const AMD = ['--device', '/dev/kfd', '--device', '/dev/dri', '--group-add', 'keep-groups']

const END = 'podman-hpc kill "$1"; podman-hpc rm --force --ignore "$1"'
