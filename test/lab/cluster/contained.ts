/**
 * The argv that runs another argv in new namespaces, as the first process of a PID namespace of its own. When this
 * process ends, however it ends, the kernel kills `unshare`, with it the first process, and with that every process in
 * the namespace, setsid'ed daemons too; the mounts, the network and the host name go with the last of them.
 */
export function contained(
  argv: readonly string[],
  namespaces: readonly Namespace[] = [],
): readonly [string, ...string[]] {
  return [
    'setpriv',
    '--pdeathsig=KILL',
    'unshare',
    ...(['mount', 'pid', ...namespaces] as const).map(namespace => `--${namespace}`),
    '--fork',
    '--kill-child',
    '--',
    ...argv,
  ]
}

export type Namespace = 'net' | 'uts' | 'ipc'
