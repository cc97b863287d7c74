import type { Path } from './finding.ts'

interface NotBuilt {
  /** Keys from the top, `*` for any; the value at the end where only some values are missing. */
  readonly path: readonly string[]
  readonly values?: readonly string[]
  readonly found: string
  readonly fix: string
}

const ENGINES_FIX = 'the engine supported today is llama.cpp'

/** What the design of sluice.yaml names and this version does not do: refused with what is there today, never ignored. */
const NOT_BUILT: readonly NotBuilt[] = [
  { path: ['tiers', '*', 'engine'], values: ['vllm'], found: 'vLLM is not built yet', fix: ENGINES_FIX },
  { path: ['tiers', '*', 'engine'], values: ['sglang'], found: 'SGLang is not built yet', fix: ENGINES_FIX },
  { path: ['tiers', '*', 'engine'], values: ['tei'], found: 'TEI is not built yet', fix: ENGINES_FIX },
]

/** Why this key, or this value of it, is refused today; undefined when the design does not name it either. */
export function notBuilt(path: Path, value: unknown): { readonly found: string; readonly fix: string } | undefined {
  return NOT_BUILT.find(
    one =>
      one.path.length === path.length &&
      one.path.every((key, index) => key === '*' || key === path[index]) &&
      (one.values === undefined || one.values.some(name => name === String(value).toLowerCase())),
  )
}
