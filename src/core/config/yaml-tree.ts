import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  Scalar,
  type YAMLMap,
} from 'yaml'
import { type Path, pathText, quote } from './config-finding.ts'

/** The place of a key or value, as offsets into the text. */
interface Spot {
  /** Absent for list items and the top. */
  readonly key: number | undefined
  readonly value: number
  /** The alias that refers to it, when it is written elsewhere. */
  readonly via: number | undefined
  /** The scalar as it was written. */
  readonly source: string | undefined
}

/** A problem of the text itself, at an offset into it. */
export interface TextFinding {
  readonly offset: number
  readonly message: string
  readonly fix: string
}

export interface Tree {
  /** Plain data; maps have no prototype. */
  readonly value: unknown
  /** Values that could not be read, and are null: the findings have the reason. */
  readonly unread: ReadonlySet<string>
  readonly spots: ReadonlyMap<string, Spot>
  readonly findings: readonly TextFinding[]
}

type Data = Record<string, unknown>

/** The key of `Tree.spots` and `Tree.unread`. */
export const spotKey = (path: Path) => JSON.stringify(path)

/** Aliases of aliases grow without bound in a few lines. A thousand tiers have half of this limit. */
const MAX_NODES = 50_000

/** Deeper than any key; keeps the recursion within the stack. */
const MAX_DEPTH = 40

const PLAIN_TAGS = ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map(tag => `tag:yaml.org,2002:${tag}`)

/** How the tree is read. */
export interface TreeOptions {
  readonly lines: LineCounter
  /** The target of each alias; from `readYaml`. */
  readonly targets: ReadonlyMap<Alias, Node>
  /** Numbers at these paths stay text. */
  keepsText(path: Path): boolean
}

/**
 * A YAML document as plain data, with the spot of every key and value. Aliases and merge keys (`<<`) are followed here, because
 * the library would lose their places. Never throws for a document that parsed.
 */
export function readTree(document: Document.Parsed, { lines, targets, keepsText }: TreeOptions): Tree {
  const spots = new Map<string, Spot>()
  const findings: TextFinding[] = []
  const open = new Set<unknown>()
  const unread = new Set<string>()
  const reported = new Set<string>()
  let nodes = 0

  function read(node: unknown, path: Path, via: number | undefined, key: number | undefined): unknown {
    if (isTooMuch()) return null
    if (isAlias(node)) {
      spots.set(spotKey(path), { key, value: start(node), via, source: undefined })
      const target = follow(node, path)
      if (target === undefined) unread.add(spotKey(path))
      return target === undefined ? null : read(target, path, via ?? start(node), key)
    }
    const source = isScalar(node) ? node.source : undefined
    spots.set(spotKey(path), { key, value: start(node) || (key ?? 0), via, source })
    if (!(isScalar(node) || isMap(node) || isSeq(node))) return null
    if (node.tag !== undefined && !PLAIN_TAGS.includes(node.tag)) {
      return refuseValue(node, path, `tag ${quote(node.tag)} is not supported here`, 'leave the tag out')
    }
    if (isScalar(node)) return scalar(node, path)
    if (open.size >= MAX_DEPTH) return refuseValue(node, path, 'it is nested too deeply', 'use fewer levels')
    open.add(node)
    const value = isMap(node)
      ? fill(Object.create(null), node, path, via)
      : node.items.map((item, index) => read(item, [...path, index], via, undefined))
    open.delete(node)
    return value
  }

  /** Adds what `into` does not have yet: own keys first, so that they win over merged ones. */
  function fill(into: Data, node: YAMLMap, path: Path, via: number | undefined): Data {
    const seen = new Map<string, number>()
    let merged: unknown
    for (const { key, value } of node.items) {
      if (isTooMuch()) return into
      const name = keyName(key)
      const at = start(key)
      if (name === undefined) {
        refuse(at, pathText(path), 'one of its keys is a list, a map or an alias', 'write keys as words')
        continue
      }
      const first = seen.get(name)
      if (first !== undefined) {
        const line = lines.linePos(first).line
        refuse(at, pathText([...path, name]), `it stands on line ${line} already`, 'leave one of the two out')
      } else if (name === '__proto__') {
        refuse(at, pathText([...path, name]), 'there is no such key', 'leave it out')
      } else if (name === '<<' && isScalar(key) && key.type === Scalar.PLAIN) {
        merged = value
      } else if (!Object.hasOwn(into, name)) {
        into[name] = read(value, [...path, name], via, at)
      }
      seen.set(name, first ?? at)
    }
    if (merged !== undefined) merge(into, merged, path, via)
    return into
  }

  function merge(into: Data, source: unknown, path: Path, via: number | undefined): void {
    if (isSeq(source)) {
      for (const item of source.items) merge(into, item, path, via)
      return
    }
    const target = isAlias(source) ? follow(source, path) : source
    if (isMap(target)) {
      if (open.size >= MAX_DEPTH) {
        refuse(start(source), pathText(path), 'its merges are nested too deeply', 'use fewer levels')
        return
      }
      open.add(target)
      fill(into, target, path, isAlias(source) ? (via ?? start(source)) : via)
      open.delete(target)
    } else if (target !== undefined) {
      refuse(
        start(source),
        pathText([...path, '<<']),
        'only maps can be merged',
        'name the anchor of a map, such as <<: *base',
      )
    }
  }

  function follow(alias: Alias, path: Path): Node | undefined {
    const target = targets.get(alias)
    if (target !== undefined && !open.has(target)) return target
    const name = quote(alias.source)
    if (target === undefined) {
      refuse(
        start(alias),
        pathText(path),
        `no anchor ${name} stands above`,
        `mark the target value with &${alias.source}`,
      )
    } else {
      refuse(start(alias), pathText(path), `alias ${name} stands inside its own target`, 'write the value out')
    }
    return undefined
  }

  function scalar(node: Scalar, path: Path): unknown {
    const { value, source = '' } = node
    if (typeof value === 'string' || typeof value === 'boolean') return value
    if (typeof value !== 'number') return null
    const exact = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value)
    if (keepsText(path) && Number.isFinite(value)) return source
    return exact
      ? value
      : refuseValue(node, path, `${source} is too large to be represented exactly`, 'write a smaller one')
  }

  /** Counts keys that are read and keys that a merge skips: both take time. */
  function isTooMuch(): boolean {
    nodes += 1
    if (nodes === MAX_NODES) {
      refuse(0, 'the configuration', 'its aliases expand to too many keys', 'use fewer aliases')
      unread.add(spotKey([]))
    }
    return nodes >= MAX_NODES
  }

  function refuseValue(node: Node, path: Path, found: string, fix: string): null {
    refuse(start(node), pathText(path), found, fix)
    unread.add(spotKey(path))
    return null
  }

  /** A problem that aliases repeat is reported once. */
  function refuse(offset: number, what: string, found: string, fix: string): void {
    const key = `${offset} ${found}`
    if (!reported.has(key)) findings.push({ offset, message: `Cannot use ${what}: ${found}`, fix })
    reported.add(key)
  }

  return { value: read(document.contents, [], undefined, undefined), unread, spots, findings }
}

/** Keys are text as they were written: `8080: …` has the key "8080". */
function keyName(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined
  return typeof key.value === 'string' ? key.value : (key.source ?? '')
}

function start(node: unknown): number {
  return (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range?.[0] : undefined) ?? 0
}
