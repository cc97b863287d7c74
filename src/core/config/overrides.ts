import type { EngineName } from '../engines/index.ts'

/** Refusals that a tier may override by name, for a build or a model that can do what others cannot. */
export const OVERRIDES = [
  'flash-attn-on-sm70',
  'quantized-v-without-flash-attn',
  'layers-that-do-not-add-up',
  'mem-below-locked-weights',
  'braces-of-its-own',
] as const
export type Override = (typeof OVERRIDES)[number]

/** The engine to which each refusal applies. */
export const OVERRIDE_ENGINES: Readonly<Record<Override, EngineName>> = {
  'flash-attn-on-sm70': 'llama.cpp',
  'quantized-v-without-flash-attn': 'llama.cpp',
  'layers-that-do-not-add-up': 'llama.cpp',
  'mem-below-locked-weights': 'llama.cpp',
  'braces-of-its-own': 'custom',
}
