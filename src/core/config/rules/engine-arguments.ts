import { flagName } from '../args.ts'
import { badKey, badValue, type ConfigFinding, type Path, quote } from '../config-finding.ts'
import { PLACEMENT, RESERVED, type Reserved, rankFlags } from './reserved-flags.ts'
import { type Rule, ruleTiers } from './rule-input.ts'

/** Engine arguments are flags that Sluice does not set. Each is given once, and each is a single argument. */
export const engineArgumentsRule: Rule = input =>
  ruleTiers(input).flatMap(([name, { args, engine, slurm }]) => {
    const path = ['tiers', name, 'args']
    const placement = input.has(['tiers', name, 'rpc']) ? PLACEMENT : []
    const ranks = engine !== undefined && (slurm?.nodes ?? 1) > 1 ? rankFlags(engine) : []
    const reserved = engine === undefined ? [] : [...RESERVED[engine], ...placement, ...ranks]
    return argumentFindings(args, path, reserved)
  })

/** Problems of arguments, a map or a list, that do not depend on the engine; and arguments that Sluice sets. */
export function argumentFindings(args: unknown, path: Path, reserved: readonly Reserved[]): ConfigFinding[] {
  if (!Array.isArray(args)) return mapFindings(path, args ?? {}, reserved)
  return args.flatMap((item: unknown, index) => {
    const at = [...path, index]
    if (typeof item === 'string') return itemFindings(at, item, reserved)
    return typeof item === 'object' && item !== null ? mapFindings(at, item, reserved) : []
  })
}

function itemFindings(path: Path, item: string, reserved: readonly Reserved[]): ConfigFinding[] {
  const [flag = ''] = item.split(/[\s=]/, 1)
  if (!/^--?[A-Za-z]/.test(flag)) return controlFindings(path, item)
  const taken = reserved.find(one => one.flags.includes(flagName(flag)))
  if (taken !== undefined) return [badValue(path, `${flag} ${taken.found}`, taken.fix)]
  if (/^[^\s=]+\s/.test(item)) {
    return [badValue(path, `${quote(item)} would be one argument`, 'write the flag and its value as two items')]
  }
  return controlFindings(path, item)
}

function mapFindings(path: Path, map: object, reserved: readonly Reserved[]): ConfigFinding[] {
  const first = new Map<string, string>()
  return Object.entries(map).flatMap(([name, value]) => {
    const at = [...path, name]
    const flag = flagName(name)
    if (!/^-{0,2}[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) {
      return [badKey(at, 'a flag cannot have this name', 'write letters, digits, dashes and underscores')]
    }
    const other = first.get(flag)
    if (other !== undefined) return [badKey(at, `it is ${flag}, as ${other} above`, 'leave one of the two out')]
    first.set(flag, name)
    const taken = reserved.find(one => one.flags.includes(flag))
    if (taken !== undefined) return [badKey(at, `${flag} ${taken.found}`, taken.fix)]
    return typeof value === 'string' ? controlFindings(at, value) : []
  })
}

/** execve(2) ends an argument at NUL; other control characters are allowed: templates have line breaks. */
function controlFindings(path: Path, text: string): ConfigFinding[] {
  return text.includes('\0') ? [badValue(path, 'it contains a NUL character', 'leave it out')] : []
}
