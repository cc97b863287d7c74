import type { EngineName } from '../../engines/index.ts'
import { flagName } from '../args.ts'
import { badKey, badValue, type Finding, type Path, quote } from '../finding.ts'
import { type Rule, seenTiers } from './seen.ts'

/** Why a flag is not the user's to set, and what to write instead. */
interface Reserved {
  readonly flags: readonly string[]
  readonly found: string
  readonly fix: string
}

const LLAMA_CPP: readonly Reserved[] = [
  { flags: ['--host'], found: "is the node's address, which Sluice sets", fix: 'leave it out' },
  { flags: ['--port'], found: 'is set by Sluice', fix: 'write port in the tier, or leave it out for a free one' },
  { flags: ['--model', '-m'], found: 'is set by Sluice', fix: 'write model.file in the tier' },
  { flags: ['--alias', '-a'], found: 'is set by Sluice', fix: 'write model.name in the tier' },
  {
    flags: ['--model-url', '-mu', '--hf-repo', '-hf', '-hfr', '--hf-file', '-hff', '--docker-repo', '-dr'],
    found: 'would download in every job',
    fix: 'download the model once and write model.file in the tier',
  },
  { flags: ['--models-dir'], found: 'is set by Sluice', fix: 'write router.modelsDir in the tier' },
  { flags: ['--models-max'], found: 'is set by Sluice', fix: 'write router.modelsMax in the tier' },
  { flags: ['--ctx-size', '-c'], found: 'is set by Sluice', fix: 'write context in the tier' },
  { flags: ['--metrics'], found: 'is set by Sluice', fix: 'leave it out' },
  { flags: ['--api-key', '--api-key-file'], found: "is the site's own key, which Sluice sets", fix: 'leave it out' },
  { flags: ['--hf-token', '-hft'], found: 'would show a secret to everybody on the node', fix: 'leave it out' },
  {
    flags: ['--ssl-key-file', '--ssl-cert-file'],
    found: 'would make the engine speak TLS, which the gateway does not',
    fix: 'leave it out',
  },
  { flags: ['--api-prefix'], found: 'would move the paths that Sluice asks', fix: 'write path in the tier' },
  { flags: ['--rpc'], found: 'is set by Sluice', fix: 'write rpc: { workers } in the tier' },
]

/** What places a model over several nodes; on one node they are the user's. */
const PLACEMENT: readonly Reserved[] = [
  {
    flags: ['--device', '-dev', '--tensor-split', '-ts', '--split-mode', '-sm', '--main-gpu', '-mg'],
    found: 'is set by Sluice where rpc is there',
    fix: 'write rpc.layers in the tier, or leave both out',
  },
  {
    flags: ['--n-gpu-layers', '--gpu-layers', '-ngl', '--fit', '-fit'],
    found: 'is set by Sluice where rpc is there',
    fix: 'leave it out; a head that is to hold no layer has 0 in rpc.layers',
  },
]

const RESERVED: Readonly<Record<EngineName, readonly Reserved[]>> = { 'llama.cpp': LLAMA_CPP, demo: [] }

/** Engine arguments are flags of the user's own, each given once, each a single argument. */
export const engineArgumentsRule: Rule = seen =>
  seenTiers(seen).flatMap(([name, { args, engine }]) => {
    const path = ['tiers', name, 'args']
    const placement = seen.has(['tiers', name, 'rpc']) ? PLACEMENT : []
    const reserved = engine === undefined ? [] : [...RESERVED[engine], ...placement]
    if (!Array.isArray(args)) return mapFindings(path, args ?? {}, reserved)
    return args.flatMap((item: unknown, index) => {
      const at = [...path, index]
      if (typeof item === 'string') return itemFindings(at, item, reserved)
      return typeof item === 'object' && item !== null ? mapFindings(at, item, reserved) : []
    })
  })

function itemFindings(path: Path, item: string, reserved: readonly Reserved[]): Finding[] {
  const [flag = ''] = item.split(/[\s=]/, 1)
  if (!/^--?[A-Za-z]/.test(flag)) return controlFindings(path, item)
  const taken = reserved.find(one => one.flags.includes(flagName(flag)))
  if (taken !== undefined) return [badValue(path, `${flag} ${taken.found}`, taken.fix)]
  if (/^[^\s=]+\s/.test(item)) {
    return [badValue(path, `${quote(item)} would be one argument`, 'write the flag and its value as two items')]
  }
  return controlFindings(path, item)
}

function mapFindings(path: Path, map: object, reserved: readonly Reserved[]): Finding[] {
  const first = new Map<string, string>()
  return Object.entries(map).flatMap(([name, value]) => {
    const at = [...path, name]
    const flag = flagName(name)
    if (!/^-{0,2}[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) {
      return [badKey(at, 'no flag has such a name', 'write letters, digits, dashes and underscores')]
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
function controlFindings(path: Path, text: string): Finding[] {
  return text.includes('\0') ? [badValue(path, 'it contains a NUL character', 'leave it out')] : []
}
