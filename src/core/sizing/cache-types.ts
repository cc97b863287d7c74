import type { EngineSettings } from './engine-settings.ts'
import { isQuantized } from './ggml-types.ts'
import { usesFlashAttention } from './kv-cache.ts'
import type { ModelShape } from './model-shape.ts'

/** Why the engine refuses these types at its start: `found`, and a type for both that it accepts. */
export interface CacheTypesMisfit {
  readonly found: string
  readonly type: string
}

/** Latent attention keeps keys and values together in one type (llama.cpp, src/llama-context.cpp, llama_init_from_model). */
export function cacheTypesMisfit(shape: ModelShape, settings: EngineSettings): CacheTypesMisfit | undefined {
  const { keyType, valueType } = settings
  if (keyType === valueType || !isLatent(shape)) return undefined
  const small = isQuantized(keyType) ? keyType : valueType
  return {
    found: `keys of ${keyType} and values of ${valueType}, where latent attention takes one type for both`,
    type: usesFlashAttention(settings) ? small : 'f16',
  }
}

export function isLatent({ layers }: ModelShape): boolean {
  return layers.some(layer => layer.latentLength !== undefined)
}
