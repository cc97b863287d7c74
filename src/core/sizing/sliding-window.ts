/** The layers that attend only to the last `tokens`. */
export interface SlidingWindow {
  readonly tokens: number
  /** By layer. */
  readonly slides: readonly boolean[]
}

interface Pattern {
  /** One layer in this many has the whole context: the last of the group, or the first. */
  readonly period: number
  readonly denseFirst?: true
  /** Default where the file has none. */
  readonly tokens?: number
}

/**
 * Patterns in the code of llama.cpp's loaders, which a file may leave out (src/models/*.cpp, set_swa_pattern).
 * Period 1: a window in the file is not used.
 */
const PATTERNS: Readonly<Record<string, Pattern>> = {
  afmoe: { period: 4 },
  cohere2: { period: 4 },
  'exaone-moe': { period: 4 },
  exaone4: { period: 4 },
  'gemma-embedding': { period: 6 },
  gemma2: { period: 2, tokens: 4096 },
  gemma3: { period: 6 },
  gemma3n: { period: 5 },
  'gpt-oss': { period: 2 },
  laguna: { period: 4, denseFirst: true },
  llama4: { period: 4, tokens: 8192 },
  'modern-bert': { period: 3, denseFirst: true },
  olmo2: { period: 4 },
  phi3: { period: 1 },
  plamo3: { period: 8 },
  smallthinker: { period: 4, denseFirst: true },
}

/** Loaders that keep a whole cache for every layer even if the file names a window: these models are older than that code. */
const IGNORE_IT = new Set(['llama', 'qwen2', 'qwen2moe', 'qwen3', 'qwen3moe', 'starcoder2', 'deepseek2'])

export interface WindowFacts {
  readonly architecture: string
  readonly layers: number
  /** `attention.sliding_window`. */
  readonly tokens: number | undefined
  /** `attention.sliding_window_pattern`: a period, or one boolean for each layer. */
  readonly pattern: number | readonly boolean[] | undefined
}

/** Undefined: no layer slides; `unknown`: the file names a window, and its layers are not known. */
export function slidingWindow({
  architecture,
  layers,
  tokens,
  pattern,
}: WindowFacts): SlidingWindow | undefined | 'unknown' {
  const known = PATTERNS[architecture]
  const window = tokens ?? known?.tokens
  if (window === undefined || window === 0 || IGNORE_IT.has(architecture)) return undefined
  if (Array.isArray(pattern)) return { tokens: window, slides: pattern }
  const period = typeof pattern === 'number' ? pattern : known?.period
  if (period === undefined) return 'unknown'
  if (period === 1) return undefined
  const dense = known?.denseFirst === true ? 0 : period - 1
  return {
    tokens: window,
    slides: Array.from({ length: layers }, (_, layer) => period === 0 || layer % period !== dense),
  }
}
