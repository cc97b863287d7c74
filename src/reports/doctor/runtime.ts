import type { RuntimeFacts } from './facts.ts'
import { type Finding, ok, unknown } from './finding.ts'

export function examineRuntime({ path, current, isThis }: RuntimeFacts): readonly Finding[] {
  const id = 'runtime.current'
  if (current === undefined) {
    return [
      {
        id,
        level: 'problem',
        what: `There is no "${path}/current"`,
        why: 'Job scripts start it: every job would fail at once',
        fix: `run sluice install --to ${path}`,
      },
    ]
  }
  if (isThis === undefined)
    return [unknown(id, `"${path}/current" is ${current}; whether it is this version is not known`)]
  if (isThis) return [ok(id, `"${path}/current" is ${current}, this very version`)]
  return [
    {
      id,
      level: 'warning',
      what: `"${path}/current" is ${current}, which is another build than this one`,
      why: 'Jobs run that one, and this command judges by this one',
      fix: `run sluice install --to ${path}, or use the sluice in ${path}/current`,
    },
  ]
}
