import { type Cause, find, tierNameOf } from './cause.ts'

/** Causes that end a head with workers on other nodes. Workers are judged by their processes, and their port is never probed. */
export const GROUP_CAUSES: readonly Cause[] = [
  {
    id: 'other-builds',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(run.supervisorLines, /The head is build (.+), the worker on (\S+) (.+): RPC needs one build/),
    what: (_, { parts: [head, node, worker] }) =>
      `Head and worker are of different builds: ${head} here, ${worker} on ${node}`,
    fix: () =>
      'Install the same build of llama.cpp on every node, ideally in one place on the shared filesystem (command, rpc.command)',
  },
  {
    id: 'worker-unreachable',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(
        run.allLines,
        /The worker on (\S+) listens at (\S+), and this node cannot connect to it/,
        /Failed to connect to (\S+?):?(?:\s|$)/,
      ),
    what: (_, { parts }) =>
      `The head could not reach the worker ${parts[1] === undefined ? `at ${parts[0]}` : `on ${parts[0]} at ${parts[1]}`}`,
    fix: run =>
      `Check that no firewall between the nodes closes rpc.port${run.settings?.rpc === undefined ? '' : ` (${run.settings.rpc.port})`}, and set rpc.network if the workers' address is in another network; a worker accepts one client, so nothing else may connect to it`,
  },
  {
    id: 'worker-lost',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(run.supervisorLines, /The worker on (\S+) ended, ([^:]+)/) ??
      find(run.allLines, /Remote RPC server crashed.*/, /recv failed \(bytes_recv=/),
    what: (run, { parts: [node, how] }) => {
      const who = node === undefined ? 'One of its workers ended' : `Its worker on ${node} ended, ${how}`
      const by = find(run.supervisorLines, ...KILLED) === undefined ? '' : KILLED_WORDS
      return `${who}${by}, and llama.cpp cannot go on without any of them`
    },
    fix: run =>
      find(run.supervisorLines, ...KILLED) === undefined
        ? `Its log has more (sluice logs ${run.job}, worker-NODE); the group restarts as a whole, up to five times in ten minutes`
        : `If it was not killed by hand, look at the kernel's log on that node (dmesg -T | grep -i oom); slurm.mem${run.settings?.slurm.mem === undefined ? '' : ` (${run.settings.slurm.mem})`} of ${tierNameOf(run)} counts on each node`,
  },
]

/** By srun's words for a task, or ours for srun. Beside them Slurm reports an out-of-memory kill that it counted. */
const KILLED = [/task \d+: Killed/, /was killed by SIGKILL/]
const KILLED_WORDS = ' (killed by SIGKILL, and no out-of-memory kill was counted)'
