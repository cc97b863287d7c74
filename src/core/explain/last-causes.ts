import { type Cause, find, shownBy, tierNameOf } from './cause.ts'
import { exitMeaning } from './engine-words.ts'
import { type Line, linesOf, type Run, UNWELL } from './one-run.ts'

/** The last resort: how a process ended. */
export const LAST_CAUSES: readonly Cause[] = [
  {
    id: 'engine-killed',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(run.supervisorLines, /Killed by SIGKILL/) ??
      (run.settings?.engine === 'sglang' ? undefined : find(run.supervisorLines, /Exited with code 137\b/)),
    what: run =>
      run.settings?.engine === 'sglang'
        ? 'Its engine was killed (SIGKILL): SGLang does that to itself when one of its processes has failed, and its log names that process'
        : run.trouble.some(one => one['oomKills'] === 0)
          ? 'Its engine was killed (SIGKILL) by a person or a program with rights on the node: the kernel counted no out-of-memory kill'
          : 'Its engine was killed (SIGKILL); this node does not report whether host memory was short',
    fix: run =>
      run.trouble.some(one => one['oomKills'] === 0)
        ? 'Ask who works on that node; its engine was started again'
        : 'Look at the kernel’s log on the node (dmesg -T | grep -i oom); if memory was short, raise slurm.mem',
  },
  {
    id: 'bus-error',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(run.supervisorLines, /Killed by SIGBUS/, /Exited with code 135\b/) ?? find(run.allLines, /\bBus error\b/),
    what: () =>
      'It read past the end of a file mapped into memory (SIGBUS): the model was truncated or replaced while it was loaded, a filesystem failed, or /dev/shm is full',
    fix: () =>
      'Compare the model with its source (size, checksum), never write into a model that is served (put the new one beside it and rename), and check df -h /dev/shm on the node',
  },
  {
    id: 'illegal-instruction',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(run.supervisorLines, /Killed by SIGILL/, /Exited with code 132\b/) ??
      find(run.allLines, /\bIllegal instruction\b/),
    what: () => 'Its program was built for a newer processor than its node has (SIGILL)',
    fix: run =>
      `Use a build for that processor (llama.cpp without GGML_NATIVE, or with GGML_CPU_ALL_VARIANTS), or keep ${tierNameOf(run)} on nodes that can run it (slurm.constraint, slurm.nodelist)`,
  },
  {
    id: 'engine-crashed',
    when: ['failed', 'silent', 'lives'],
    recognise: run =>
      find(run.supervisorLines, /Killed by (SIG\w+)/, /Exited with code (13[134689])\b/) ??
      find(run.allLines, /GGML_(?:ASSERT|ABORT).*/),
    what: (_, { parts }) => `Its engine crashed${parts[0] === undefined ? '' : ` (${parts[0]})`}`,
    fix: run =>
      `Report the end of its log to the engine's developers (sluice logs ${run.job}); another build of the engine, or a smaller batch-size, may avoid it`,
  },
  {
    id: 'supervisor-killed',
    when: ['silent'],
    recognise: run =>
      run.events.length > 0 && run.state !== undefined ? shownBy(run.stateLine, lastEvent(run)) : undefined,
    what: run =>
      `Its supervisor ended without a last event (${run.slurm?.exitCode === undefined ? run.state : `${run.state}, exit ${run.slurm.exitCode}`}): killed on the node, by the kernel or by hand, and its engine with it`,
    fix: run =>
      `Look at the kernel’s log on the node (dmesg -T | grep -i oom), then submit it again: sluice submit ${run.tier ?? 'TIER'}`,
  },
  {
    id: 'node-lost',
    when: ['silent'],
    recognise: run => (run.hasSuccessor ? shownBy(lastEvent(run)) : undefined),
    what: () =>
      'It ended without a last event, and Slurm started it again, as after a failed node or a preemption that ends in a KILL',
    fix: () =>
      'Check sinfo -R for nodes that are down, and their logs; where jobs are preempted without a GraceTime, give the partition or QoS one (sluice doctor)',
  },
  {
    id: 'engine-unwell',
    when: ['lives', 'silent'],
    recognise: run => {
      const isLast = [UNWELL, 'engine unfit'].includes(run.trouble.at(-1)?.event ?? '')
      const reported = run.trouble.findLast(one => one.event === UNWELL)
      return isLast && reported !== undefined ? shownBy(linesOf(run.eventsFile, reported)[0]) : undefined
    },
    what: run =>
      run.ending === 'silent'
        ? 'What ended it is not recorded; before that its engine reported that it was unwell'
        : run.trouble.at(-1)?.event === UNWELL
          ? 'Its engine reports that it is unwell, but still serves: other engines of its tier are asked first'
          : 'Its engine reported that it was unwell, served no request, and was restarted',
    fix: run =>
      `Its log may have the reason (sluice logs ${run.job}); an unwell engine is restarted automatically once it serves no request`,
  },
  {
    id: 'engine-exited',
    when: ['failed', 'silent', 'lives'],
    recognise: run => {
      const found = find(run.supervisorLines, /Exited with code (\d+)/)
      if (found === undefined || exitMeaning(found.parts[0] ?? '', run.settings?.engine) === undefined) return undefined
      const last = run.allLines.slice(-LAST_LINES)
      return { ...found, evidence: [...found.evidence, ...last.filter(line => !found.evidence.includes(line))] }
    },
    what: (run, { parts: [code = ''] }) =>
      `Its engine ended with code ${code}: ${exitMeaning(code, run.settings?.engine)}`,
    fix: run => `Its last lines may show more: sluice logs ${run.job} --lines 200`,
  },
  {
    id: 'unknown',
    recognise: run => shownBy(run.stateLine, lastEvent(run), ...run.allLines.slice(-LAST_LINES)) ?? NOTHING,
    what: run =>
      run.trouble.length === 0
        ? 'What ended it is not recorded'
        : 'Its engine ended, for a reason that sluice explain does not know; its last lines stand below',
    fix: run => `See all of it: sluice logs ${run.job} --lines 200`,
  },
]

const NOTHING = { evidence: [], parts: [] }
const LAST_LINES = 8

function lastEvent({ events, eventsFile }: Run): Line | undefined {
  const last = events.at(-1)
  return last === undefined ? undefined : linesOf(eventsFile, last)[0]
}
