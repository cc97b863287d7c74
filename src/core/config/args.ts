import type { EngineName } from '../engines/index.ts'
import type { TierConfig } from './schema.ts'
import { switchedOff } from './switches.ts'

export type Args = TierConfig['args']
type FlagValue = Extract<Args, Record<string, unknown>>[string]

/**
 * Engine arguments as argv. A list is passed as it is, and a map in a list like a map of its own. In a map,
 * underscores of a name become dashes; a name without dashes gets two, a single letter one; `true` is a bare flag,
 * `false` turns it off (`--no-…` where the engine has that, and nothing where it is off anyway), a map is passed as JSON. Order is kept.
 */
export function toArgv(args: Args, engine: EngineName): string[] {
  if (!Array.isArray(args)) return flags(args, engine)
  return args.flatMap(item => (typeof item === 'object' ? flags(item, engine) : [String(item)]))
}

/** `tensor_parallel_size` → `--tensor-parallel-size`, `c` → `-c`; a name that brings its dashes keeps them. */
export function flagName(name: string): string {
  const dashed = name.replaceAll('_', '-')
  if (name.startsWith('-')) return dashed
  return dashed.length === 1 ? `-${dashed}` : `--${dashed}`
}

function flags(map: Readonly<Record<string, FlagValue>>, engine: EngineName): string[] {
  return Object.entries(map).flatMap(([name, value]) => {
    if (value === false) return [...(switchedOff(engine, flagName(name)) ?? [])]
    if (value === true) return [flagName(name)]
    return [flagName(name), typeof value === 'object' ? JSON.stringify(value) : String(value)]
  })
}
