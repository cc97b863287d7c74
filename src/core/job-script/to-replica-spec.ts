import { toArgv } from '../config/args.ts'
import { commandOf } from '../config/command-of.ts'
import { gpuCount } from '../config/gpu-count.ts'
import { parallelism } from '../config/parallelism.ts'
import { asksForGpus } from '../config/sbatch-option.ts'
import type { Config, TierConfig } from '../config/schema.ts'
import { tierOf } from '../config/tier-of.ts'
import type { CustomSpec, ModelSpec } from '../domain/engine-spec.ts'
import { given } from '../domain/given.ts'
import type { ContainerSpec, ReplicaSpec, RpcSpec } from '../domain/replica-spec.ts'

/**
 * The replica spec of a tier. Equal configurations give specs that are equal as JSON text too.
 * @throws UserError when there is no such tier
 */
export function toReplicaSpec(config: Config, tierName: string): ReplicaSpec {
  const tier = tierOf(config, tierName)
  return {
    version: 1,
    site: config.site,
    shared: config.shared,
    tier: tierName,
    engine: tier.engine,
    command: commandOf(tier),
    args: toArgv(tier.args, tier.engine),
    env: tier.env,
    ...given({ router: tier.router }),
    ...(tier.model === undefined ? {} : { model: toModelSpec(tier.model) }),
    ...(tier.custom === undefined ? {} : { custom: toCustomSpec(tier.custom) }),
    ...(tier.rpc === undefined ? {} : { rpc: toRpcSpec(tier.rpc, config) }),
    ...toParallelism(tier),
    ...(tier.slurm.requestGpus || tier.slurm.extra.some(asksForGpus) ? {} : { allGpus: true as const }),
    ...(tier.container === undefined ? {} : { container: toContainerSpec(tier.container, tier) }),
    ...given({ stage: tier.stage }),
    ...(tier.numa ? { numa: true } : {}),
    ...given({ context: tier.context, port: tier.port }),
    networks: config.gateway.networks,
    ...given({ nodeSuffix: config.gateway.nodeSuffix, nodeNames: config.gateway.nodeNames }),
    beatSeconds: config.timing.beatSeconds,
    loadTimeoutSeconds: tier.loadTimeoutSeconds,
    signalLeadSeconds: tier.slurm.signalLeadSeconds,
  }
}

function toModelSpec({ name, file, id }: NonNullable<TierConfig['model']>): ModelSpec {
  return { name, ...given({ file, id }) }
}

function toCustomSpec({
  args,
  modelsPath,
  keyVariable,
  setuid,
  metrics,
  ...custom
}: NonNullable<TierConfig['custom']>): CustomSpec {
  return {
    ...custom,
    args: args.map(String),
    ...given({ modelsPath, keyVariable, setuid }),
    ...(metrics === undefined ? {} : { metrics: JSON.parse(JSON.stringify(metrics)) }),
  }
}

/** On one node several engines; over several nodes one engine, with a pipeline stage for each group of GPUs. */
function toParallelism({
  engine,
  args,
  tensorParallel,
  rpc,
  slurm,
}: TierConfig): Pick<ReplicaSpec, 'tensorParallel' | 'gpusEach' | 'endpoints' | 'ranks'> {
  const { nodes } = slurm
  const gpus = gpuCount(slurm.gpus)
  if (nodes > 1 && rpc === undefined) {
    const size = tensorParallel ?? gpus
    return { tensorParallel: size, ranks: { nodes, pipelineParallel: (nodes * gpus) / size } }
  }
  if (tensorParallel === undefined) return {}
  const { pipeline, data } = parallelism(engine, args)
  const gpusEach = tensorParallel * pipeline * data
  return { tensorParallel, ...(gpusEach === tensorParallel ? {} : { gpusEach }), endpoints: gpus / gpusEach }
}

/** The worker was renamed in June 2026; a site's build has one of the two. */
const WORKER_COMMANDS = ['ggml-rpc-server', 'rpc-server']

function toRpcSpec(rpc: NonNullable<TierConfig['rpc']>, { gateway }: Config): RpcSpec {
  const { workers, port, layers, network, cache, command } = rpc
  return {
    workers,
    port,
    ...given({ layers }),
    networks: network === undefined ? gateway.networks : [network],
    ...given({ cache }),
    commands: command === undefined ? WORKER_COMMANDS : [command],
  }
}

function toContainerSpec(
  { runtime, image, mounts, args }: NonNullable<TierConfig['container']>,
  { gpu, slurm }: TierConfig,
): ContainerSpec {
  const maker = gpu?.arch?.startsWith('gfx') === true ? 'amd' : 'nvidia' // as compilers name AMD's
  return { runtime, image, mounts: mounts.map(toMount), args, ...(gpuCount(slurm.gpus) === 0 ? {} : { gpus: maker }) }
}

function toMount(text: string): ContainerSpec['mounts'][number] {
  const [source = '', ...rest] = text.split(':')
  const target = rest.find(part => part.startsWith('/')) ?? source
  return { source, target, isReadOnly: rest.at(-1) === 'ro' }
}
