/** Elements and bytes of one block; a row is whole blocks. */
export interface GgmlType {
  readonly name: string
  readonly block: number
  readonly bytes: number
}

/** By the number of a tensor's type in a GGUF file (ggml.h, enum ggml_type; ggml.c, type_traits). */
export const GGML_TYPES: ReadonlyMap<number, GgmlType> = new Map(
  (
    [
      [0, 'f32', 1, 4],
      [1, 'f16', 1, 2],
      [2, 'q4_0', 32, 18],
      [3, 'q4_1', 32, 20],
      [6, 'q5_0', 32, 22],
      [7, 'q5_1', 32, 24],
      [8, 'q8_0', 32, 34],
      [9, 'q8_1', 32, 36],
      [10, 'q2_K', 256, 84],
      [11, 'q3_K', 256, 110],
      [12, 'q4_K', 256, 144],
      [13, 'q5_K', 256, 176],
      [14, 'q6_K', 256, 210],
      [15, 'q8_K', 256, 292],
      [16, 'iq2_xxs', 256, 66],
      [17, 'iq2_xs', 256, 74],
      [18, 'iq3_xxs', 256, 98],
      [19, 'iq1_s', 256, 50],
      [20, 'iq4_nl', 32, 18],
      [21, 'iq3_s', 256, 110],
      [22, 'iq2_s', 256, 82],
      [23, 'iq4_xs', 256, 136],
      [24, 'i8', 1, 1],
      [25, 'i16', 1, 2],
      [26, 'i32', 1, 4],
      [27, 'i64', 1, 8],
      [28, 'f64', 1, 8],
      [29, 'iq1_m', 256, 56],
      [30, 'bf16', 1, 2],
      [34, 'tq1_0', 256, 54],
      [35, 'tq2_0', 256, 66],
      [39, 'mxfp4', 32, 17],
      [40, 'nvfp4', 64, 36],
    ] as const
  ).map(([id, name, block, bytes]) => [id, { name, block, bytes }]),
)

/** Values that llama.cpp accepts for --cache-type-k and --cache-type-v. */
export const CACHE_TYPES = ['f32', 'f16', 'bf16', 'q8_0', 'q4_0', 'q4_1', 'iq4_nl', 'q5_0', 'q5_1'] as const
export type CacheType = (typeof CACHE_TYPES)[number]

export function isCacheType(text: string): text is CacheType {
  return (CACHE_TYPES as readonly string[]).includes(text)
}

/** Fewer bits than f16, in blocks. With such a type a V cache needs flash attention. */
export function isQuantized(type: CacheType): boolean {
  return !type.includes('f')
}

const BY_NAME = new Map([...GGML_TYPES.values()].map(type => [type.name, type]))

/** Bytes of one element of a cache, on average. */
export function cacheElementBytes(type: CacheType): number {
  const { block, bytes } = BY_NAME.get(type) ?? { block: 1, bytes: 4 }
  return bytes / block
}
