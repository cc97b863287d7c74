import type { Load } from '../domain/load.ts'

/** One line of Prometheus's text format. */
interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** The names of one engine's metrics; of several names the first with a sample counts. */
export interface LoadNames {
  readonly running: readonly string[]
  readonly waiting: readonly string[]
  readonly kv: readonly string[]
  /** A gauge from 0 to 1, or two counters of tokens: found in the cache, and looked up. */
  readonly prefixHits: readonly (string | { readonly found: string; readonly of: readonly string[] })[]
  /** Labels of partial samples; the sample with an empty value there has the total. */
  readonly parts?: readonly string[]
  /** Labels of copies: of samples that differ only in these, one counts. */
  readonly copies?: readonly string[]
}

/**
 * Load from an engine's metrics: requests of all label sets (models, data-parallel ranks) are summed, shares are averaged. A
 * missing value, or one that is not a number, is null.
 */
export function readLoadBy(names: LoadNames, text: string): Load {
  const samples = parse(text, wantedNames(names))
  const of = (name: string) => once(samples.get(name) ?? [], names)
  const first = (list: readonly string[]) => list.map(of).find(found => found.length > 0) ?? []
  return {
    running: count(first(names.running)),
    waiting: count(first(names.waiting)),
    kv: share(first(names.kv)),
    prefixHits: names.prefixHits.map(name => hits(name, of)).find(one => one !== null) ?? null,
  }
}

function once(samples: readonly Sample[], { parts = [], copies = [] }: LoadNames): readonly Sample[] {
  if (parts.length === 0 && copies.length === 0) return samples
  const whole = samples.filter(({ labels }) => parts.every(label => (labels[label] ?? '') === ''))
  const originals = new Map<string, Sample>()
  for (const one of whole) {
    const key = JSON.stringify(Object.entries(one.labels).filter(([label]) => !copies.includes(label)))
    if (!originals.has(key)) originals.set(key, one)
  }
  return [...originals.values()]
}

function hits(name: LoadNames['prefixHits'][number], of: (name: string) => readonly Sample[]): number | null {
  if (typeof name === 'string') return share(of(name))
  const found = count(of(name.found))
  const parts = name.of.map(part => count(of(part)))
  if (found === null || parts.includes(null)) return null
  const total = parts.reduce<number>((sum, part) => sum + (part ?? 0), 0)
  return total > 0 ? Math.min(1, found / total) : null
}

function count(samples: readonly Sample[]): number | null {
  const sum = samples.reduce((total, { value }) => total + value, 0)
  return samples.length > 0 && Number.isFinite(sum) && sum >= 0 ? sum : null
}

function share(samples: readonly Sample[]): number | null {
  const sum = count(samples)
  return sum === null ? null : Math.min(1, sum / samples.length)
}

function wantedNames({ running, waiting, kv, prefixHits }: LoadNames): ReadonlySet<string> {
  const hits = prefixHits.flatMap(name => (typeof name === 'string' ? [name] : [name.found, ...name.of]))
  return new Set([...running, ...waiting, ...kv, ...hits])
}

/** Longer lines are not samples: labels are names. */
const MAX_LINE = 16 * 1024

/** The samples of these names, in time linear in the text. Reference: Prometheus, "Exposition formats", text. */
function parse(text: string, wanted: ReadonlySet<string>): ReadonlyMap<string, readonly Sample[]> {
  const samples = new Map<string, Sample[]>()
  for (const line of text.split('\n')) {
    if (line.length > MAX_LINE) continue
    const name = /^[A-Za-z_:][\w:]*/.exec(line)?.[0]
    if (name === undefined || !wanted.has(name)) continue
    const [, labels = '', value] = /^(?:\s*\{(.*)\})?\s+(\S+)/.exec(line.slice(name.length)) ?? []
    if (value === undefined) continue
    const pairs = [...labels.matchAll(/\b(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text])
    const sample = { labels: Object.fromEntries(pairs), value: Number(value) }
    const known = samples.get(name)
    if (known === undefined) samples.set(name, [sample])
    else known.push(sample)
  }
  return samples
}
