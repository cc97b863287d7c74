import type { JobView } from '../../../src/core/domain/job-view.ts'
import type { ExplainFacts, RunEvent, RunFacts } from '../../../src/core/explain/facts.ts'

/** An event of a run; one minute later than the one before. */
export function events(...list: readonly (readonly [string, Readonly<Record<string, unknown>>?])[]): RunEvent[] {
  return list.map(([event, detail], minute) => ({
    at: `2026-01-31T12:${String(minute).padStart(2, '0')}:00.000Z`,
    event,
    ...detail,
  }))
}

export function run(of: Partial<RunFacts> = {}): RunFacts {
  const restarts = of.restarts ?? 0
  return { restarts, eventsFile: `events/reasoning-7-${restarts}.jsonl`, events: [], logs: [], ...of }
}

export function view(of: Partial<JobView> = {}): JobView {
  return {
    id: '7',
    state: 'ended',
    stateText: 'CANCELLED',
    reason: 'None',
    restarts: 0,
    nodeList: 'vasp-[01-03]',
    name: 'llama-72b',
    ...of,
  }
}

/** Of job 7 of tier reasoning, which Slurm has forgotten and which has left no file. */
export function facts(of: Partial<ExplainFacts> = {}): ExplainFacts {
  return {
    job: '7',
    tier: 'reasoning',
    asked: undefined,
    slurm: { value: undefined },
    endpoint: { value: undefined },
    runs: [],
    output: [],
    routabilities: [],
    settings: undefined,
    problems: [],
    ...of,
  }
}
