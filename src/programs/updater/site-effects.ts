import { lookUpNode, nodeSources } from '../../adapters/slurm/look-up-node.ts'
import type { Slurm } from '../../adapters/slurm/slurm.ts'
import { tierOfComment } from '../../adapters/slurm/submission-comment.ts'
import { hostAnswers, ownAddresses, takesConnection } from '../../adapters/system/network.ts'
import type { Config } from '../../core/config/schema.ts'
import { staticGateway } from '../../core/config/static-gateway.ts'
import { requeuePauseSeconds } from '../../core/domain/requeue-pause.ts'
import { isStuck, whatOf } from '../../core/explain/waits.ts'
import type { NetworkEffects, SlurmEffects } from './effects.ts'
import type { UpdaterOptions } from './loop.ts'

/** A suspect must accept a connection within this time ("no foreign clocks", docs/design/rules.md). */
const CONNECT_MS = 2_000

type SiteSettings = Pick<
  UpdaterOptions,
  | ('gatewayName' | 'listen' | 'connectionsPerClient' | 'tiers' | 'networks' | 'jobWords')
  | ('scanMs' | 'squeueMs' | 'beatMs' | 'leaseMs')
>

/** The gateway's settings in sluice.yaml, in the form that an updater needs. */
export function siteSettings(config: Config): SiteSettings {
  const { gateway, timing, site } = config
  return {
    gatewayName: gateway.name,
    ...staticGateway(config),
    networks: gateway.networks,
    scanMs: timing.scanSeconds * 1_000,
    squeueMs: timing.squeueSeconds * 1_000,
    beatMs: timing.beatSeconds * 1_000,
    leaseMs: timing.leaseSeconds * 1_000,
    jobWords: {
      tierOfJob: job => tierOfComment(job.comment, site),
      whyItWaits: job => ({ why: whatOf(job), isStuck: isStuck(job) }),
    },
  }
}

export function networkEffects({ gateway }: Config, slurm: Slurm | undefined, signal: AbortSignal): NetworkEffects {
  const sources = nodeSources(gateway, slurm, signal)
  return {
    resolve: (node, wanted) => lookUpNode(node, wanted, sources),
    connects: (address, port) => takesConnection(address, port, CONNECT_MS),
    answers: (address, port) => hostAnswers(address, port, CONNECT_MS),
    ownAddresses,
  }
}

export function slurmEffects(slurm: Slurm, signal: AbortSignal): SlurmEffects {
  return {
    jobs: async () => {
      const answer = await slurm.jobs(signal)
      return answer.kind === 'answered'
        ? { jobs: answer.value.jobs, complete: answer.value.problems.length === 0 }
        : { message: answer.message }
    },
    releaseBeginTime: async id => {
      const answer = await slurm.releaseBeginTime(id, signal)
      return 'message' in answer ? answer.message : answer.kind
    },
    releaseHold: async id => {
      const answer = await slurm.releaseHold(id, signal)
      return 'message' in answer ? answer.message : answer.kind
    },
    requeuePauseSeconds: async () => {
      const answer = await slurm.config(signal)
      return answer.kind === 'answered' ? requeuePauseSeconds(answer.value) : undefined
    },
    nodeStates: async nodeList => {
      const answer = await slurm.nodeStates(nodeList, signal)
      return answer.kind === 'answered' ? answer.value : undefined
    },
  }
}
