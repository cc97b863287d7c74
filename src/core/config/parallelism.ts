import type { EngineName } from '../engines/index.ts'
import { givenFlags } from './given-flags.ts'

/** The factors by which `args` multiply the GPUs of one endpoint, besides its tensor parallelism. */
export interface Parallelism {
  readonly pipeline: number
  readonly data: number
}

interface Flags {
  readonly pipeline: readonly string[]
  readonly data: readonly string[]
  /** With one of these flags, data parallelism is within the tensor parallel group. */
  readonly inside: readonly string[]
}

/** All names of the flags (reference: vllm/engine/arg_utils.py, python/sglang/srt/server_args.py). */
export const PARALLEL_FLAGS: Partial<Readonly<Record<EngineName, Flags>>> = {
  vllm: {
    pipeline: ['--pipeline-parallel-size', '-pp'],
    data: ['--data-parallel-size', '-dp'],
    inside: [],
  },
  sglang: {
    pipeline: ['--pipeline-parallel-size', '--pp-size', '--pp'],
    data: ['--data-parallel-size', '--dp-size', '--dp'],
    inside: ['--enable-dp-attention'],
  },
}

/** The arguments may be malformed: a value that is not a whole number counts as 1. */
export function parallelism(engine: EngineName, args: unknown): Parallelism {
  const flags = PARALLEL_FLAGS[engine]
  if (flags === undefined) return { pipeline: 1, data: 1 }
  const given = givenFlags(args, [])
  const last = (names: readonly string[]) => {
    const value = Number(given.findLast(({ flag }) => names.includes(flag))?.value)
    return Number.isInteger(value) && value > 0 ? value : 1
  }
  const isInside = given.some(({ flag, value }) => flags.inside.includes(flag) && value !== 'false')
  return { pipeline: last(flags.pipeline), data: isInside ? 1 : last(flags.data) }
}
