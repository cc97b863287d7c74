import type { DoctorFacts } from './facts.ts'
import { type Finding, ok } from './finding.ts'
import { examineGateway } from './gateway.ts'
import { examineRuntime } from './runtime.ts'
import { examineShared } from './shared.ts'
import { examineSlurm } from './slurm.ts'
import { examineTier } from './tier.ts'

/** Everything there is to say, in the order in which people set a site up. */
export function examineSite(facts: DoctorFacts): readonly Finding[] {
  const here = [...examineGateway(facts.gateway), ...examineShared(facts.shared)]
  if (facts.isLocal === true) return [...here, ok('slurm.none', 'A sluice up runs this site on this machine alone')]
  return [
    ...here,
    ...examineRuntime(facts.runtime),
    ...examineSlurm(facts.slurm),
    ...facts.tiers.flatMap(tier => examineTier(tier, facts)),
  ]
}
