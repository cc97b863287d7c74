import { type DoctorFinding, ok } from './doctor-finding.ts'
import type { DoctorFacts } from './facts.ts'
import { examineGateway } from './gateway.ts'
import { examineRuntime } from './runtime.ts'
import { examineShared } from './shared.ts'
import { examineSlurm } from './slurm.ts'
import { examineTier } from './tier.ts'

/** All findings, in the order in which people set up a site. */
export function examineSite(facts: DoctorFacts): readonly DoctorFinding[] {
  const here = [...examineGateway(gatewayFacts(facts)), ...examineShared(facts.shared)]
  if (facts.isLocal === true) {
    const lasting = here.filter(({ id }) => id !== 'shared.summary') // sluice up removes its directory at its end
    return [...lasting, ok('slurm.none', 'sluice up runs this site on this machine, without Slurm')]
  }
  return [
    ...here,
    ...examineRuntime(facts.runtime),
    ...examineSlurm(facts.slurm),
    ...facts.tiers.flatMap(tier => examineTier(tier, facts)),
  ]
}

/** Only the site's account can see that the site's own nginx holds a port. */
function gatewayFacts({ gateway, shared: { found, uid } }: DoctorFacts): DoctorFacts['gateway'] {
  if ('unreadable' in found || found.ownerUid === uid) return gateway
  const isHidden = ({ holder, up }: (typeof gateway.listens)[number]) =>
    holder === 'another process' && up === undefined
  return { ...gateway, listens: gateway.listens.map(one => (isHidden(one) ? { ...one, holder: undefined } : one)) }
}
