import type { EngineName } from '../../engines/index.ts'
import { flagName } from '../args.ts'
import { badValue, type ConfigFinding, type Path, quote } from '../config-finding.ts'
import { isSwitch, switchedOff } from '../switches.ts'
import { type Rule, ruleTiers } from './rule-input.ts'

/**
 * Arguments with which an engine ends at once or does something else, and their corrections:
 *
 * 1. a flag that the engine does not have, or has by another name
 * 2. a map, passed as JSON, for a flag that takes one word
 * 3. a flag without its value
 * 4. a value for a flag without values: YAML's yes, no, on and off are text
 * 5. underscores in a flag of a list: engines get them unchanged, and some do not take them for dashes
 * 6. `false` for a flag without an opposite: it would keep its default
 *
 * Mistakes that depend on the engine's version are found at its start (`Engine.changed`).
 */
export const knownMistakesRule: Rule = input =>
  ruleTiers(input).flatMap(([name, { engine, args }]) =>
    engine === undefined
      ? []
      : [
          ...mistakeFindings(engine, args, ['tiers', name, 'args']),
          ...words(args, ['tiers', name, 'args']).flatMap(word => falseFindings(engine, word)), // 6
        ],
  )

/** `fixes`: corrections by flag, for arguments outside of a tier. */
export function mistakeFindings(
  engine: EngineName,
  args: unknown,
  path: Path,
  fixes: Readonly<Record<string, string>> = {},
): ConfigFinding[] {
  return words(args, path).flatMap(one => findings(engine, one, fixes))
}

/** A flag as it was given; `value` undefined: none. */
interface Word {
  readonly flag: string
  readonly given: string
  readonly value: unknown
  readonly path: Path
}

function findings(
  engine: EngineName,
  { flag, given, value, path }: Word,
  fixes: Readonly<Record<string, string>>,
): ConfigFinding[] {
  const unknown =
    value === false ? undefined : UNKNOWN.find(one => one.engines.includes(engine) && one.flags.includes(flag))
  if (unknown !== undefined)
    return [badValue(path, `${flag} is not an argument of ${NAMES[engine]}`, fixes[flag] ?? unknown.fix)] // 1
  const typed = TYPED.find(one => one.engines.includes(engine) && one.flags.includes(flag))
  if (typed !== undefined && isMap(value))
    return [badValue(path, `${flag} takes one word, and this is a map`, typed.fix)] // 2
  if (typed?.needsValue === true && value === undefined) return [badValue(path, `${flag} has no value`, typed.fix)] // 3
  if (typeof value === 'string' && YES_OR_NO.test(value)) {
    if (isSwitch(engine, flag)) {
      return [badValue(path, `${flag} takes no word, and this is ${quote(value)}`, 'write true or false in a map')] // 4
    }
    if (typed?.needsValue === true && /^(?:yes|no)$/i.test(value))
      return [badValue(path, `${flag} does not take ${quote(value)}`, typed.fix)] // 4
  }
  if (STRICT.includes(engine) && given.includes('_')) {
    return [badValue(path, `${NAMES[engine]} has no underscores in its arguments`, `write ${flag}`)] // 5
  }
  return []
}

function falseFindings(engine: EngineName, { flag, value, path }: Word): ConfigFinding[] {
  if (value !== false || switchedOff(engine, flag) !== undefined) return []
  const found = `${NAMES[engine]} has no --no-${flag.replace(/^-+/, '')}, and its default would stay`
  return [badValue(path, found, 'leave it out, or write the value or the flag that turns it off')]
}

/** Reference: each engine's own parser, as in reserved-flags.ts. */
const UNKNOWN: readonly { engines: readonly EngineName[]; flags: readonly string[]; fix: string }[] = [
  {
    engines: ['sglang'],
    flags: ['--mem-fraction-reserved', '--gpu-memory-utilization'],
    fix: "write mem-fraction-static, the share of a GPU's memory for weights and KV cache",
  },
  {
    engines: ['vllm'],
    flags: ['--mem-fraction-reserved', '--mem-fraction-static'],
    fix: "write gpu-memory-utilization, the share of a GPU's memory that it may take",
  },
  { engines: ['sglang'], flags: ['--max-model-len'], fix: 'write context in the tier' },
  { engines: ['vllm'], flags: ['--context-length', '--ctx-size'], fix: 'write context in the tier' },
  { engines: ['sglang'], flags: ['--max-num-seqs'], fix: 'write max-running-requests' },
  { engines: ['vllm'], flags: ['--max-running-requests'], fix: 'write max-num-seqs' },
  {
    engines: ['sglang'],
    flags: ['--enable-prefix-caching'],
    fix: 'leave it out: prefixes are cached by default',
  },
  {
    engines: ['sglang'],
    flags: ['--disable-log-requests', '--no-enable-log-requests'],
    fix: 'leave it out: it logs no requests',
  },
  { engines: ['tei'], flags: ['--host'], fix: 'leave it out: Sluice sets --hostname' },
  {
    engines: ['tei'],
    flags: ['--tensor-parallel-size', '--tp'],
    fix: 'write tensorParallel: 1 for one endpoint on each GPU',
  },
]

/** The values of both KV caches; common values come first. */
const TYPED: readonly { engines: readonly EngineName[]; flags: readonly string[]; fix: string; needsValue?: true }[] = [
  {
    engines: ['vllm'],
    flags: ['--kv-cache-dtype'],
    fix: 'write auto, bfloat16, fp8, fp8_e4m3, fp8_e5m2 or another value that vllm serve --help=kv-cache-dtype lists, such as kv-cache-dtype: fp8',
  },
  {
    engines: ['sglang'],
    flags: ['--kv-cache-dtype'],
    fix: 'write auto, bf16, fp8_e4m3, fp8_e5m2 or another value that its --help lists, such as kv-cache-dtype: fp8_e4m3',
  },
  {
    engines: ['llama.cpp'],
    flags: ['--flash-attn', '-fa'],
    fix: 'write flash-attn: on, off or auto',
    needsValue: true,
  },
]

/** vLLM and llama.cpp take underscores for dashes. */
const STRICT: readonly EngineName[] = ['sglang', 'tei']

const NAMES: Readonly<Record<EngineName, string>> = {
  'llama.cpp': 'llama.cpp',
  vllm: 'vLLM',
  sglang: 'SGLang',
  tei: 'TEI',
  custom: 'the engine',
  demo: 'the demo engine',
}

const YES_OR_NO = /^(?:yes|no|on|off|true|false)$/i

function isMap(value: unknown): boolean {
  return (typeof value === 'object' && value !== null) || (typeof value === 'string' && /^\s*\{/.test(value))
}

function words(args: unknown, path: Path): readonly Word[] {
  if (!Array.isArray(args)) return typeof args === 'object' && args !== null ? fromMap(args, path) : []
  return args.flatMap((item: unknown, index): readonly Word[] => {
    const at = [...path, index]
    if (typeof item === 'object' && item !== null) return fromMap(item, at)
    const [, given, joined] = /^(--?[A-Za-z][^=\s]*)(?:=(.*))?$/s.exec(String(item)) ?? []
    if (given === undefined) return []
    const next: unknown = args[index + 1]
    const follows = next !== undefined && typeof next !== 'object' && !/^--?[A-Za-z]/.test(String(next))
    return [{ flag: flagName(given), given, value: joined ?? (follows ? String(next) : undefined), path: at }]
  })
}

/** In names of a map, underscores have become dashes. */
function fromMap(map: object, path: Path): readonly Word[] {
  return Object.entries(map).flatMap(([name, value]): readonly Word[] => {
    const flag = flagName(name)
    return value === undefined
      ? []
      : [{ flag, given: flag, value: value === true ? undefined : value, path: [...path, name] }]
  })
}
