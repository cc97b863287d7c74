/** The Debian suites that the lab can be made of. */
export type Suite = 'sid' | 'bookworm'

const EVERYWHERE = [
  'slurmctld',
  'slurmd',
  'slurm-client',
  // preempt/qos: the database that QoS are kept in. The core holds the server, and no service of its own.
  'slurmdbd',
  'mariadb-server-core',
  'munge',
  'nginx-light',
  'libnginx-mod-http-js',
  'ca-certificates',
  'curl',
  'iproute2',
  'less',
  // Node's own binary asks for it.
  'libatomic1',
  'procps',
  'tini',
  'util-linux',
] as const

/** What is installed into a tree, besides debootstrap's minbase. */
export const PACKAGES: Record<Suite, readonly string[]> = {
  sid: [
    ...EVERYWHERE,
    // The extra tools hold the RPC worker and llama-fit-params.
    ...['llama.cpp', 'llama.cpp-tools-extra', 'libggml0-backend-rpc'],
    // bindfs: a filesystem that can be made to hang; systemd: to verify our units; strace: to count what benches ask of one.
    ...['bindfs', 'strace', 'systemd'],
    // Engines in containers; it holds no setuid program, so an ordinary user's namespaces must do.
    'apptainer',
  ],
  bookworm: [...EVERYWHERE, 'patchelf'],
}

/** Whose llama.cpp a suite without one gets: the programs, and every library that they load. */
export const ENGINES_OF: Partial<Record<Suite, Suite>> = { bookworm: 'sid' }

/** Counts up when the way a tree is made changes; the packages are in the tree's name by themselves. */
export const RECIPE_VERSION = 4

/** Files that are put into the tree before anything but minbase is installed, path → text and mode. */
export const TREE_FILES: Readonly<Record<string, { text: string; mode: number }>> = {
  // 101: "action forbidden by policy". Packages start their daemons on installation otherwise.
  '/usr/sbin/policy-rc.d': { text: '#!/bin/sh\nexit 101\n', mode: 0o755 },
  // A tree that was not finished is thrown away, so nothing in it needs to survive a crash.
  '/etc/dpkg/dpkg.cfg.d/lab': {
    text: 'force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n',
    mode: 0o644,
  },
}
