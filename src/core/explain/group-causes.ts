import { type Cause, find, tierNameOf } from './cause.ts'

/** What ends a head with workers on other nodes. Workers are judged by their processes, never by probing their port. */
export const GROUP_CAUSES: readonly Cause[] = [
  {
    id: 'other-builds',
    when: ['failed', 'silent', 'lives'],
    recognise: run => find(run.seen, /The head is build (.+), the worker on (\S+) (.+): RPC needs one build/),
    what: (_, { parts: [head, node, worker] }) =>
      `Head and worker are of different builds: ${head} here, ${worker} on ${node}`,
    fix: () =>
      'Install the same build of llama.cpp on every node, best in one place on the shared filesystem (command, rpc.command)',
  },
  {
    id: 'worker-unreachable',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(
        run.said,
        /The worker on (\S+) listens at (\S+), and this node cannot connect to it/,
        /Failed to connect to (\S+?):?(?:\s|$)/,
      ),
    what: (_, { parts }) =>
      `The head could not reach the worker ${parts[1] === undefined ? `at ${parts[0]}` : `on ${parts[0]} at ${parts[1]}`}`,
    fix: run =>
      `See that nothing between the nodes closes rpc.port${run.settings?.rpc === undefined ? '' : ` (${run.settings.rpc.port})`}: firewalls, and rpc.network if the workers' address is in another network; a worker takes one client, so nothing else may connect to it`,
  },
  {
    id: 'worker-lost',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(run.seen, /The worker on (\S+) ended, ([^:]+)/) ??
      find(run.said, /Remote RPC server crashed.*/, /recv failed \(bytes_recv=/),
    what: (run, { parts: [node, how] }) => {
      const who = node === undefined ? 'One of its workers ended' : `Its worker on ${node} ended, ${how}`
      const by = find(run.seen, ...KILLED) === undefined ? '' : KILLED_WORDS
      return `${who}${by}, and llama.cpp cannot go on without any of them`
    },
    fix: run =>
      find(run.seen, ...KILLED) === undefined
        ? `Its log tells more (sluice logs ${run.job}, worker-NODE); the group comes back as a whole, up to five times in ten minutes`
        : `If nobody killed it by hand, look for the kernel's word on that node (dmesg -T | grep -i oom); slurm.mem${run.settings?.slurm.mem === undefined ? '' : ` (${run.settings.slurm.mem})`} of ${tierNameOf(run)} counts on each node`,
  },
]

/** By srun's words for a task, or ours for srun; where Slurm counted an out-of-memory kill it says so beside them. */
const KILLED = [/task \d+: Killed/, /was killed by SIGKILL/]
const KILLED_WORDS = ' (killed by SIGKILL, and nobody counted an out-of-memory kill)'
