import type { ENGINE_NAMES } from '../domain/engine-spec.ts'
import { custom } from './custom.ts'
import { demo } from './demo.ts'
import type { Engine } from './engine.ts'
import { llamaCpp } from './llama-cpp.ts'
import { sglang } from './sglang.ts'
import { tei } from './tei.ts'
import { vllm } from './vllm.ts'

/** Every kind of server program that a tier can name; the configuration's choices derive from its keys. */
export const ENGINES = { 'llama.cpp': llamaCpp, vllm, sglang, tei, custom, demo } as const satisfies Record<
  (typeof ENGINE_NAMES)[number],
  Engine
>

export type EngineName = keyof typeof ENGINES
