import { toArgv } from '../config/args.ts'
import { type Gpus, gpuCount } from '../config/gpu-count.ts'
import { memoryBytes } from '../config/memory-bytes.ts'
import type { TierConfig } from '../config/schema.ts'
import { matchedBatches, spread } from '../engines/llama-placement.ts'
import { type EngineSettings, readEngineSettings } from './engine-settings.ts'
import type { Device, Layout } from './layout.ts'
import type { ModelShape } from './model-shape.ts'

/** The settings of a tier that decide where its model lies. */
export interface PlacedTier {
  readonly gpu?: { readonly memory?: string | undefined } | undefined
  readonly slurm: { readonly gpus: Gpus; readonly mem?: string | undefined }
  /** Over several nodes: the head, and workers beside it. */
  readonly rpc?: { readonly workers: number; readonly layers?: readonly number[] | undefined } | undefined
}

/**
 * In llama.cpp's order: with given layers it is the order of our `--device`, the head's GPUs and then those of each worker;
 * without them it begins with the workers' GPUs.
 */
export function layoutOf({ gpu, slurm, rpc }: PlacedTier): Layout {
  const bytes = gpu?.memory === undefined ? undefined : memoryBytes(gpu.memory)
  const gpus = gpuCount(slurm.gpus)
  const node = (name: string, isRemote: boolean): readonly Device[] =>
    Array.from({ length: gpus }, (_, index) => ({
      name: gpus === 1 ? name : `${name} ${index}`,
      bytes,
      isRemote,
    }))
  const workers = Array.from({ length: rpc?.workers ?? 0 }, (_, index) => index + 1)
  const remote = workers.flatMap(worker => node(`worker ${worker}`, true))
  const devices =
    rpc === undefined
      ? node('GPU', false)
      : rpc.layers === undefined
        ? [...remote, ...node('head', false)]
        : [...node('head', false), ...remote]
  return {
    devices,
    layers: rpc?.layers?.flatMap(count => spread(count, gpus)),
    // --mem=0 asks for all that the node has.
    hostBytes: slurm.mem === undefined || memoryBytes(slurm.mem) === 0 ? undefined : memoryBytes(slurm.mem),
  }
}

/** The settings at the engine's start; without a context in the tier, the length that the model was trained for. */
export function settingsOf({ engine, args, context, rpc }: TierConfig, shape: ModelShape): EngineSettings {
  const argv = toArgv(args, engine)
  const settings = readEngineSettings(rpc === undefined ? argv : [...argv, ...matchedBatches(argv)], context)
  return { ...settings, context: settings.context || (shape.trainedContext ?? 0) }
}
