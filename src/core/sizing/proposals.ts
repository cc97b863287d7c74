import { given } from '../domain/given.ts'
import { largestSplit } from './balance.ts'
import { isLatent } from './cache-types.ts'
import { checkFit, type DevicePlan, type FitVerdict, type HostPlan } from './check-fit.ts'
import { DENSE, type EngineSettings, EXPERTS } from './engine-settings.ts'
import { firstLayersPattern } from './first-layers.ts'
import { type CacheType, isQuantized } from './ggml-types.ts'
import { usesFlashAttention } from './kv-cache.ts'
import { largestContext } from './largest-context.ts'
import type { Layout } from './layout.ts'
import { memoryUse } from './memory.ts'
import type { ModelShape } from './model-shape.ts'

/** One way to make it fit, with its plan. */
export interface Proposal {
  readonly kind: 'layers' | 'ubatch' | 'cache' | 'offload' | 'context' | 'one node' | 'memory' | 'prompts'
  /** Arguments of the engine to write below `args`, by their names. */
  readonly args: Readonly<Record<string, string | number>>
  /** A new number of layers for each device; undefined: no change. */
  readonly layers?: readonly number[]
  /** A new `context` of the tier; undefined: no change. */
  readonly context?: number
  /** The lower limit for `slurm.mem` in bytes, where it is too small. */
  readonly hostBytes?: number
  readonly devices: readonly DevicePlan[]
  readonly host: HostPlan
  readonly largestContext: number | null
}

export interface ProposalFacts {
  readonly shape: ModelShape
  readonly settings: EngineSettings
  readonly layout: Layout
  readonly verdict: FitVerdict
}

/**
 * Changes that make it fit, the mildest first: another division of the layers, smaller batches, a smaller type for keys and then
 * values, weights on the host, a shorter context. For a model over several nodes also the changes with which one node is enough.
 */
export function proposals(facts: ProposalFacts): readonly Proposal[] {
  const { layout, verdict } = facts
  // The host's fit does not depend on the devices' memory.
  const onHost = verdict === 'does not fit' ? memory(facts) : []
  if (layout.devices.some(device => device.bytes === undefined)) return onHost
  const alone = oneNode(facts)
  if (verdict !== 'does not fit') return alone
  if (onHost.length > 0) return [...onHost, ...alone]
  const divided = division(facts)
  if (divided.length > 0) return [...divided, ...alone]
  return [
    ...ubatches(facts).slice(0, 1),
    ...cacheTypes(facts).slice(0, 1),
    // Weights on the host for layers of another node would cross the network twice for each layer.
    ...(layout.devices.some(device => device.isRemote) ? [] : offload(facts, 'offload')),
    ...context(facts),
    ...alone,
  ]
}

interface Change {
  readonly kind: Proposal['kind']
  readonly args: Proposal['args']
  readonly settings: EngineSettings
  readonly layout: Layout
  readonly context?: number
}

function division(facts: ProposalFacts): readonly Proposal[] {
  const { settings, layout } = facts
  return layout.devices.length < 2 ? [] : tried(facts, { kind: 'layers', args: {}, settings, layout })
}

function ubatches(facts: ProposalFacts): readonly Proposal[] {
  const { settings, layout } = facts
  return [256, 128, 64]
    .filter(ubatch => ubatch < settings.ubatch)
    .flatMap(ubatch =>
      tried(facts, { kind: 'ubatch', args: { 'ubatch-size': ubatch }, settings: { ...settings, ubatch }, layout }),
    )
}

/** A quantized V cache needs flash attention; latent attention keeps both in one. */
function cacheTypes(facts: ProposalFacts): readonly Proposal[] {
  const { settings, layout, shape } = facts
  const takesOneType = isLatent(shape)
  const canQuantizeV = usesFlashAttention(settings)
  const pairs: readonly (readonly [CacheType, CacheType])[] = [
    ['q8_0', settings.valueType],
    ['q8_0', 'q8_0'],
    ['q4_0', settings.valueType],
    ['q4_0', 'q4_0'],
  ]
  return pairs
    .filter(([key, value]) => (canQuantizeV || !isQuantized(value)) && (!takesOneType || key === value))
    .flatMap(([keyType, valueType]) => {
      const args = {
        ...(keyType === settings.keyType ? {} : { 'cache-type-k': keyType }),
        ...(valueType === settings.valueType ? {} : { 'cache-type-v': valueType }),
      }
      return tried(facts, { kind: 'cache', args, settings: { ...settings, keyType, valueType }, layout })
    })
}

/** The fewest first layers whose experts, or feed-forward matrices in a dense model, go to the host. */
function offload(facts: ProposalFacts, kind: 'offload' | 'one node'): readonly Proposal[] {
  const { shape, settings, layout } = facts
  if (settings.overrides.length > 0 || layout.devices.length === 0) return []
  const fits = (count: number) => tried(facts, hostChange(facts, kind, count)).length > 0
  let bad = 0
  let good = shape.layers.length
  if (!fits(good)) return []
  while (good - bad > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (fits(middle)) good = middle
    else bad = middle
  }
  return tried(facts, hostChange(facts, kind, good))
}

function hostChange({ shape, settings, layout }: ProposalFacts, kind: 'offload' | 'one node', count: number): Change {
  const hasExperts = shape.tensors.some(tensor => tensor.part === 'experts')
  const layers = firstLayersPattern(count)
  return {
    kind,
    args: hasExperts ? { 'n-cpu-moe': count } : { 'override-tensor': `${layers}${DENSE}=CPU` },
    settings: {
      ...settings,
      overrides: [{ pattern: new RegExp(`${layers}${hasExperts ? EXPERTS : DENSE}`), isHost: true }],
    },
    layout,
  }
}

/** Unchanged; or with weights on the host; or with all such weights there and the largest context that then fits. */
function oneNode(facts: ProposalFacts): readonly Proposal[] {
  const { shape, settings } = facts
  const devices = facts.layout.devices.filter(device => !device.isRemote)
  if (devices.length === facts.layout.devices.length || devices.length === 0) return []
  const layout = { ...facts.layout, devices, layers: undefined }
  const whole = tried(facts, { kind: 'one node', args: {}, settings, layout })
  if (whole.length > 0) return whole
  const offloaded = offload({ ...facts, layout }, 'one node')
  if (offloaded.length > 0) return offloaded
  const most = hostChange({ ...facts, layout }, 'one node', shape.layers.length)
  const tokens = largestContext(shape, most.settings, { ...layout, hostBytes: undefined })
  if (!tokens) return []
  return tried(facts, { ...most, settings: { ...most.settings, context: tokens }, context: tokens })
}

/**
 * For a host that is too small: fewer cached prompts or more memory, each if it is enough alone; otherwise both, because a small
 * model may need a hundredth of the memory for its cached prompts.
 */
function memory({ shape, settings, layout }: ProposalFacts): readonly Proposal[] {
  const { devices, host, shortages } = checkFit(memoryUse(shape, settings, layout), layout)
  const missing = shortages.find(one => one.where === 'host')?.missing
  if (missing === undefined || shortages.length > 1) return []
  const fewer = Math.floor((host.promptCache - missing) / MEBIBYTE)
  const rest = {
    devices,
    largestContext: largestContext(shape, settings, { ...layout, hostBytes: host.total }) ?? null,
  }
  const promptCache = Math.max(0, fewer) * MEBIBYTE
  const smaller = { ...host, promptCache, total: host.total - host.promptCache + promptCache }
  const more = fewer < 0 ? { hostBytes: smaller.total } : {}
  const prompts = {
    kind: 'prompts' as const,
    args: { 'cache-ram': Math.max(0, fewer) },
    ...more,
    ...rest,
    host: smaller,
  }
  return [
    ...(host.promptCache === 0 ? [] : [prompts]),
    { kind: 'memory', args: {}, hostBytes: host.total, ...rest, host },
  ]
}

const MEBIBYTE = 2 ** 20

function context(facts: ProposalFacts): readonly Proposal[] {
  const { shape, settings, layout } = facts
  const tokens = largestContext(shape, settings, { ...layout, hostBytes: undefined })
  if (!tokens || tokens >= settings.context) return []
  return tried(facts, {
    kind: 'context',
    args: {},
    settings: { ...settings, context: tokens },
    layout,
    context: tokens,
  })
}

/** Empty: it does not fit on the devices. The result has the required size of the host where it is too small. */
function tried({ shape }: ProposalFacts, change: Change): readonly Proposal[] {
  const { kind, args, settings } = change
  const asItIs = fitsOn(shape, settings, change.layout)
  const split = asItIs === undefined ? largestSplit(shape, settings, change.layout) : undefined
  const layout = split === undefined ? change.layout : { ...change.layout, layers: split }
  const found = asItIs ?? fitsOn(shape, settings, layout)
  if (found === undefined) return []
  const isShort = found.host.free !== null && found.host.free < 0
  return [
    {
      ...{ kind, args },
      ...given({ layers: split, context: change.context }),
      ...(isShort ? { hostBytes: found.host.total } : {}),
      ...{ devices: found.devices, host: found.host },
      largestContext:
        largestContext(shape, settings, isShort ? { ...layout, hostBytes: found.host.total } : layout) ?? null,
    },
  ]
}

function fitsOn(shape: ModelShape, settings: EngineSettings, layout: Layout) {
  const found = checkFit(memoryUse(shape, settings, layout), layout)
  return found.shortages.every(one => one.where === 'host') ? found : undefined
}
