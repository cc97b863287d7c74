import { flagName } from './args.ts'
import type { Path } from './config-finding.ts'

/** One flag of `args` as the engine would see it, and the place of its value. */
export interface GivenFlag {
  readonly flag: string
  /** Undefined: a flag without a value; `false` in a map is the text `false`. */
  readonly value: string | undefined
  readonly path: Path
}

/** The flags in `args`, a map or a list, in their order. Malformed items are left out: other rules report them. */
export function givenFlags(args: unknown, path: Path): readonly GivenFlag[] {
  if (!Array.isArray(args)) return typeof args === 'object' && args !== null ? fromMap(args, path) : []
  return args.flatMap((item: unknown, index): readonly GivenFlag[] => {
    if (typeof item === 'object' && item !== null) return fromMap(item, [...path, index])
    if (typeof item !== 'string' || !isFlag(item)) return []
    const equals = item.indexOf('=')
    if (equals > 0) {
      return [{ flag: flagName(item.slice(0, equals)), value: item.slice(equals + 1), path: [...path, index] }]
    }
    const next: unknown = args[index + 1]
    const hasValue = next !== undefined && typeof next !== 'object' && !isFlag(String(next))
    return [
      hasValue
        ? { flag: flagName(item), value: String(next), path: [...path, index + 1] }
        : { flag: flagName(item), value: undefined, path: [...path, index] },
    ]
  })
}

function fromMap(map: object, path: Path): readonly GivenFlag[] {
  return Object.entries(map).flatMap(([name, value]): readonly GivenFlag[] => {
    if (value === undefined || typeof value === 'object') return []
    return [{ flag: flagName(name), value: value === true ? undefined : String(value), path: [...path, name] }]
  })
}

function isFlag(text: string): boolean {
  return /^--?[A-Za-z]/.test(text)
}
