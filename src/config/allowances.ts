/** Refusals that a tier may override by their names, each for a build that can do what others cannot. */
export const ALLOWANCES = ['flash-attn-on-sm70', 'quantized-v-without-flash-attn'] as const
export type Allowance = (typeof ALLOWANCES)[number]
