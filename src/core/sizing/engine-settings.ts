import { type CacheType, isCacheType } from './ggml-types.ts'

/** The arguments of llama-server that decide its memory; defaults as in its --help of 2026. */
export interface EngineSettings {
  /** --ctx-size, tokens over all slots; 0: the length that the model was trained for. */
  readonly context: number
  readonly slots: number
  /** One cache for all slots, which share the context, instead of an equal part for each. */
  readonly isUnified: boolean
  /** Tokens computed at once: --ubatch-size, or --batch-size if that is less. */
  readonly ubatch: number
  readonly keyType: CacheType
  readonly valueType: CacheType
  readonly flashAttention: 'on' | 'off' | 'auto'
  /** The cache of sliding layers has the whole context. */
  readonly hasFullWindows: boolean
  /** Counted from the end of the model, the output being one. */
  readonly gpuLayers: number | 'all'
  readonly cacheOnHost: boolean
  readonly splitMode: 'none' | 'layer' | 'row' | 'tensor'
  readonly mainGpu: number
  readonly tensorSplit: readonly number[] | undefined
  /** Weights of the host may not be swapped or dropped. */
  readonly isLocked: boolean
  /** Weights of the host are reordered for its processor. */
  readonly isRepacked: boolean
  /** Files are read past the page cache: --load-mode dio. */
  readonly isDirect: boolean
  /** --cache-ram, bytes of host memory at most; undefined: no limit. */
  readonly promptCacheBytes: number | undefined
  /** Tensors that are placed elsewhere: --override-tensor and its short forms. First match wins. */
  readonly overrides: readonly TensorOverride[]
  /** Arguments whose memory is not counted, or that could not be understood; one line each. */
  readonly unknown: readonly string[]
}

export interface TensorOverride {
  readonly pattern: RegExp
  readonly isHost: boolean
}

/** `argv` as the engine gets it, without its program; `context` as in the tier. */
export function readEngineSettings(argv: readonly string[], context: number | undefined): EngineSettings {
  const given = new Map<string, string[]>()
  const unknown: string[] = []
  for (let index = 0; index < argv.length; index++) {
    const flag = normal(argv[index] ?? '')
    const option = OPTIONS.find(one => one.flags.includes(flag))
    if (option === undefined) {
      const meant = OPTIONS.find(one => one.flags.includes(flag.slice(1)))
      if (meant !== undefined && flag.startsWith('--'))
        unknown.push(`${flag}: llama-server has ${flag.slice(1)}, or --${meant.name}`)
      continue
    }
    if (option.takes === 'nothing') {
      given.set(option.name, [flag])
    } else {
      given.set(option.name, [...(given.get(option.name) ?? []), argv[++index] ?? ''])
    }
  }
  const last = (name: Name) => given.get(name)?.at(-1)
  const number = (name: Name) => {
    const text = last(name)
    if (text === undefined) return undefined
    const value = Number(text)
    if (text !== '' && Number.isFinite(value)) return value
    unknown.push(`--${name} ${JSON.stringify(text)}: it is not a number, so the plan ignores it`)
    return undefined
  }
  const cacheType = (name: 'cache-type-k' | 'cache-type-v'): CacheType => {
    const text = last(name) ?? 'f16'
    if (isCacheType(text)) return text
    unknown.push(`--${name} ${JSON.stringify(text)}: this version does not know that type, and counts f16`)
    return 'f16'
  }
  const parallel = number('parallel') ?? -1
  for (const name of UNCOUNTED) if (given.has(name)) unknown.push(`the memory for --${name}: it is not counted`)
  const cacheRam = number('cache-ram') ?? DEFAULT_CACHE_RAM_MIB
  const locks = last('mlock') !== undefined || /mlock/.test(last('load-mode') ?? '')
  return {
    context: context ?? 0,
    slots: parallel > 0 ? parallel : AUTO_SLOTS,
    isUnified: parallel <= 0 ? !given.has('no-kv-unified') : given.has('kv-unified'),
    ubatch: Math.min(number('batch-size') ?? DEFAULT_BATCH, number('ubatch-size') ?? DEFAULT_UBATCH),
    keyType: cacheType('cache-type-k'),
    valueType: cacheType('cache-type-v'),
    flashAttention: flashAttention(last('flash-attn')),
    hasFullWindows: given.has('swa-full'),
    gpuLayers: gpuLayers(last('n-gpu-layers')),
    cacheOnHost: given.has('no-kv-offload'),
    splitMode: splitMode(last('split-mode')),
    mainGpu: number('main-gpu') ?? 0,
    tensorSplit: last('tensor-split')
      ?.split(/[,/]/)
      .map(share => Number(share) || 0),
    isLocked: locks,
    isRepacked: !given.has('no-repack'),
    isDirect: last('load-mode') === 'dio',
    // Only prompts with an answer in text are kept.
    promptCacheBytes: given.has('embedding') || given.has('reranking') ? 0 : promptCacheBytes(cacheRam),
    overrides: overrides(given, number, unknown),
    unknown,
  }
}

function promptCacheBytes(mebibytes: number): number | undefined {
  return mebibytes < 0 ? undefined : mebibytes * 2 ** 20
}

const DEFAULT_BATCH = 2048
const DEFAULT_UBATCH = 512
const DEFAULT_CACHE_RAM_MIB = 8192
/** --parallel -1. */
const AUTO_SLOTS = 4

/** These arguments need memory that no header shows. */
const UNCOUNTED = ['model-draft', 'mmproj', 'lora', 'control-vector'] as const

interface Option {
  readonly name: Name
  readonly flags: readonly string[]
  readonly takes: 'value' | 'nothing'
}

const takingValue = [
  ['batch-size', '-b'],
  ['ubatch-size', '-ub'],
  ['parallel', '-np'],
  ['cache-type-k', '-ctk'],
  ['cache-type-v', '-ctv'],
  ['flash-attn', '-fa'],
  ['n-gpu-layers', '-ngl', '--gpu-layers'],
  ['split-mode', '-sm'],
  ['main-gpu', '-mg'],
  ['tensor-split', '-ts'],
  ['cache-ram', '-cram'],
  ['load-mode', '-lm'],
  ['n-cpu-moe', '-ncmoe'],
  ['n-cpu-ffn', '-ncffn'],
  ['override-tensor', '-ot'],
  ['model-draft', '-md', '--spec-draft-model'],
  ['mmproj', '-mm'],
  ['lora', '--lora-scaled'],
  ['control-vector', '--control-vector-scaled'],
] as const
const takingNothing = [
  ['kv-unified', '-kvu'],
  ['no-kv-unified', '-no-kvu'],
  ['swa-full'],
  ['no-kv-offload', '-nkvo'],
  ['cpu-moe', '-cmoe'],
  ['mlock'],
  ['no-repack', '-nr'],
  ['embedding', '--embeddings'],
  ['reranking', '--rerank'],
] as const

type Name = (typeof takingValue)[number][0] | (typeof takingNothing)[number][0]

const OPTIONS: readonly Option[] = [
  ...takingValue.map(([name, ...short]) => ({ name, flags: [`--${name}`, ...short], takes: 'value' as const })),
  ...takingNothing.map(([name, ...short]) => ({ name, flags: [`--${name}`, ...short], takes: 'nothing' as const })),
]

/** llama.cpp takes underscores for dashes in long arguments. */
function normal(flag: string): string {
  return flag.startsWith('--') ? flag.replaceAll('_', '-') : flag
}

function flashAttention(text: string | undefined): EngineSettings['flashAttention'] {
  if (text === undefined || /^(auto|-1)$/.test(text)) return 'auto'
  return /^(off|false|disabled|0)$/.test(text) ? 'off' : 'on'
}

function gpuLayers(text: string | undefined): EngineSettings['gpuLayers'] {
  const value = Number(text)
  return text === undefined || !Number.isInteger(value) || value < 0 ? 'all' : value
}

function splitMode(text: string | undefined): EngineSettings['splitMode'] {
  return text === 'none' || text === 'row' || text === 'tensor' ? text : 'layer'
}

/** The long forms of --cpu-moe, --n-cpu-moe and --n-cpu-ffn (llama.cpp, common/arg.cpp). */
export const EXPERTS = 'ffn_(up|down|gate|gate_up)_(ch|)exps'
export const DENSE = 'ffn_(up|down|gate|gate_up)\\.'

function overrides(
  given: ReadonlyMap<string, readonly string[]>,
  number: (name: Name) => number | undefined,
  unknown: string[],
): readonly TensorOverride[] {
  const own = (given.get('override-tensor') ?? [])
    .flatMap(text => text.split(','))
    .flatMap(text => {
      const at = text.lastIndexOf('=')
      try {
        return [{ pattern: new RegExp(text.slice(0, at)), isHost: /^(CPU|CUDA_Host)/i.test(text.slice(at + 1)) }]
      } catch {
        unknown.push(`--override-tensor ${JSON.stringify(text)}: its pattern could not be read, and is ignored`)
        return []
      }
    })
  const firstLayers = (count: number | undefined, what: string) =>
    Array.from({ length: Math.min(count ?? 0, MOST_LAYERS) }, (_, layer) => ({
      pattern: new RegExp(`blk\\.${layer}\\.${what}`),
      isHost: true,
    }))
  return [
    ...own,
    ...(given.has('cpu-moe') ? [{ pattern: new RegExp(EXPERTS), isHost: true }] : []),
    ...firstLayers(number('n-cpu-moe'), EXPERTS),
    ...firstLayers(number('n-cpu-ffn'), DENSE),
  ]
}

/** LLAMA_MAX_LAYERS. */
const MOST_LAYERS = 512
