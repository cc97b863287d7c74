import { largestSplit } from './balance.ts'
import { cacheTypesMisfit } from './cache-types.ts'
import { checkFit, type DevicePlan, type FitVerdict, type HostPlan, type Shortage } from './check-fit.ts'
import type { EngineSettings } from './engine-settings.ts'
import { isQuantized } from './ggml-types.ts'
import { largestContext } from './largest-context.ts'
import type { Layout } from './layout.ts'
import { type MemoryUse, memoryUse } from './memory.ts'
import type { ModelShape } from './model-shape.ts'
import { type Proposal, proposals } from './proposals.ts'

/** What `--json` prints. Bytes everywhere; null: not known. */
export interface ModelPlan {
  readonly model: {
    readonly name: string | null
    readonly architecture: string
    readonly trainedContext: number | null
  }
  readonly context: number
  readonly slots: number
  readonly devices: readonly DevicePlan[]
  readonly host: HostPlan
  readonly verdict: FitVerdict
  /** What does not fit, one line each. */
  readonly shortages: readonly Shortage[]
  /** With everything else as it is; null: not known, 0: none. */
  readonly largestContext: number | null
  /** For several devices: the division that leaves most free on the fullest one, if one fits. */
  readonly split: SplitPlan | null
  readonly proposals: readonly Proposal[]
  /** The engine ends at its start with these arguments, independent of memory; with the correction. */
  readonly refused: { readonly found: string; readonly fix: string } | null
  readonly unknown: readonly string[]
}

export interface SplitPlan {
  readonly layers: readonly number[]
  readonly largestContext: number | null
}

export interface PlanFacts {
  readonly shape: ModelShape
  readonly settings: EngineSettings
  readonly layout: Layout
  /** The numbers of llama-fit-params for the same plan, which are better than our formula; undefined: none. */
  readonly measured?: MemoryUse | undefined
}

/** Whether the model fits, the largest context, and changes that would help. */
export function planModel({ shape, settings, layout: asked, measured }: PlanFacts): ModelPlan {
  const misfit = layersMisfit(shape, asked)
  const layout = misfit === undefined ? asked : { ...asked, layers: undefined }
  const fitted = withContext(settings, shape)
  const use = measured ?? memoryUse(shape, fitted, layout)
  const found = checkFit(use, layout)
  const split = layout.devices.length < 2 ? undefined : largestSplit(shape, fitted, layout)
  const scores = scoreBytes(shape, fitted, layout)
  const types = cacheTypesMisfit(shape, fitted)
  return {
    model: {
      name: shape.name ?? null,
      architecture: shape.architecture,
      trainedContext: shape.trainedContext ?? null,
    },
    context: fitted.context,
    slots: settings.slots,
    ...found,
    largestContext: largestContext(shape, fitted, layout) ?? null,
    split:
      split === undefined
        ? null
        : { layers: split, largestContext: largestContext(shape, fitted, { ...layout, layers: split }) ?? null },
    proposals: proposals({ shape, settings: fitted, layout, verdict: found.verdict }),
    refused: types === undefined ? null : { found: types.found, fix: typesFix(types.type) },
    unknown: [
      ...(misfit === undefined ? [] : [`the place of its layers: ${misfit}; planned as llama.cpp divides them`]),
      ...[...shape.unknown, ...settings.unknown, ...unknownOf(fitted, layout), ...scores],
    ],
  }
}

function typesFix(type: string): string {
  return `write cache-type-k: ${type} and cache-type-v: ${type} in args`
}

/** In words, a division of more or fewer layers than the model has. */
export function layersMisfit({ layers: own }: ModelShape, { layers }: Layout): string | undefined {
  const count = layers?.reduce((sum, part) => sum + part, 0) ?? own.length
  return count === own.length
    ? undefined
    : `${layers?.join(' + ')} are ${count} layers, and the model has ${own.length}`
}

/** 0 stands for the length that the model was trained for. */
function withContext(settings: EngineSettings, { trainedContext }: ModelShape): EngineSettings {
  return settings.context > 0 ? settings : { ...settings, context: trainedContext ?? 0 }
}

/** The extra memory if `auto` does not turn it on. */
function scoreBytes(shape: ModelShape, settings: EngineSettings, layout: Layout): readonly string[] {
  if (settings.flashAttention !== 'auto' || isQuantized(settings.valueType)) return []
  const of = (flashAttention: 'on' | 'off') => {
    const { devices, host } = memoryUse(shape, { ...settings, flashAttention }, layout)
    return Math.max(...(devices.length === 0 ? [host] : devices).map(place => place.compute))
  }
  const more = (of('off') - of('on')) / 2 ** 30
  return more < 1
    ? []
    : [
        `whether the engine turns flash attention on (auto): without it, the scores of attention take ${more.toFixed(1)} GiB more`,
      ]
}

function unknownOf(settings: EngineSettings, { devices, hostBytes }: Layout): readonly string[] {
  const isSplit = settings.splitMode === 'row' || settings.splitMode === 'tensor'
  return [
    ...(settings.context === 0 ? ['the context: the model does not state one, so write context in the tier'] : []),
    ...(devices.some(device => device.bytes === undefined)
      ? ['the memory of a GPU: write gpu.memory in the tier']
      : []),
    ...(devices.some(device => device.isRemote) ? ['the host memory of the workers: it is not counted'] : []),
    ...(hostBytes === undefined ? ['the memory of the job: write slurm.mem in the tier'] : []),
    ...(settings.promptCacheBytes === undefined ? ['how far --cache-ram -1 grows: it has no limit'] : []),
    // The order for AMX took 9.5 % more in a measurement.
    ...(devices.length === 0 && settings.isRepacked
      ? [
          'extra memory for weights that are reordered for the processor: up to a tenth more, or nothing with --no-repack',
        ]
      : []),
    ...(isSplit ? [`how --split-mode ${settings.splitMode} divides: it is planned like layer`] : []),
    ...(settings.overrides.some(one => !one.isHost)
      ? ['tensors that --override-tensor puts on another GPU: planned where they were']
      : []),
    ...(settings.overrides.length > 0
      ? ['GPU memory for computing with weights of the host: one matrix is counted, not measured']
      : []),
  ]
}
