/** Refusals that a tier may override by their names, each for a build or a model that can do what others cannot. */
export const ALLOWANCES = [
  'flash-attn-on-sm70',
  'quantized-v-without-flash-attn',
  'layers-that-do-not-add-up',
  'mem-below-locked-weights',
] as const
export type Allowance = (typeof ALLOWANCES)[number]
