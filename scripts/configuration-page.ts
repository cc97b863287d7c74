import { configJsonSchema } from '../src/core/config/json-schema.ts'

/** What of JSON Schema the configuration's schema uses. */
interface Node {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly enum?: readonly string[]
  readonly anyOf?: readonly Node[]
  readonly items?: Node
  readonly properties?: Readonly<Record<string, Node>>
  readonly additionalProperties?: Node | boolean
  readonly required?: readonly string[]
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
}

/** The files that `npm run docs` writes from the schema of sluice.yaml, by their path in the repository. */
export function configurationFiles(): ReadonlyMap<string, string> {
  const schema = configJsonSchema()
  return new Map([
    ['sluice.schema.json', `${JSON.stringify(schema, null, 2)}\n`],
    ['docs/configuration.md', configurationPage(schema)],
  ])
}

/** A section for each table of the schema: the outer one before those in it. */
function configurationPage(schema: Node): string {
  return [INTRODUCTION, ...sections('', schema)].join('\n')
}

const INTRODUCTION = `<!-- Written by npm run docs from src/core/config/schema.ts. Change the descriptions there. -->
# Configuration

All settings of a site stand in one file, \`sluice.yaml\`. It is found by \`--config\`, \`$SLUICE_CONFIG\`, \`./sluice.yaml\`, \`/etc/sluice/sluice.yaml\`, in this order.

- \`sluice init\` writes a first one. \`sluice.example.yaml\` at the root of the repository has every key with a comment.
- \`sluice config check\` shows every problem at once, with its line and what would be right. It also knows the rules between keys, which this page does not list.
- \`sluice.schema.json\` is its JSON Schema, for editors. The first line \`# yaml-language-server: $schema=./sluice.schema.json\` connects it. \`sluice config schema\` prints it.

A key without a default may be left out, unless it is required. A key that does not stand here is an error.
`

function sections(path: string, table: Node): readonly string[] {
  const keys = Object.entries(table.properties ?? {})
  const heading = path === '' ? 'Top level' : `\`${path}\``
  return [
    `## ${heading}\n`,
    ...(path === '' || table.description === undefined ? [] : [`${table.description}\n`]),
    '| key | type | default | meaning |',
    '|---|---|---|---|',
    ...keys.map(([key, node]) => row(path, key, node, table.required?.includes(key) === true)),
    '',
    ...keys.flatMap(([key, node]) => {
      const inner = tableIn(pathTo(path, key), node)
      return inner === undefined ? [] : sections(inner.path, inner.table)
    }),
  ]
}

/** The table that a key holds; of a map of tables, such as tiers, that of each name. */
function tableIn(path: string, node: Node): { path: string; table: Node } | undefined {
  if (node.properties !== undefined) return { path, table: node }
  const each = node.additionalProperties
  if (typeof each !== 'object' || each.properties === undefined) return undefined
  return { path: `${path}.NAME`, table: each }
}

function row(path: string, key: string, node: Node, isRequired: boolean): string {
  const inner = tableIn(pathTo(path, key), node)
  const type = inner === undefined ? typeOf(node) : `[table](#${anchor(inner.path)})`
  const byDefault = inner === undefined || isRequired ? defaultOf(node, isRequired) : ''
  return `| ${[`\`${key}\``, type, byDefault, meaning(node)].map(cell).join(' | ')} |`
}

function typeOf(node: Node): string {
  if (node.enum !== undefined) return listed(node.enum.map(value => `\`${value}\``))
  if (node.anyOf !== undefined) return listed(node.anyOf.map(one => (isNested(one) ? plainType(one) : typeOf(one))))
  if (node.type === 'array') return `list of ${node.items === undefined ? 'values' : typeOf(node.items)}`
  const types = typeof node.type === 'string' ? [node.type] : (node.type ?? [])
  return listed(types.map(type => WORDS[type] ?? type)) + bounds(node)
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'map',
  boolean: 'true or false',
  array: 'list',
}

function isNested({ type }: Node): boolean {
  return type === 'array' || type === 'object'
}

function plainType({ type }: Node): string {
  return type === 'array' ? 'list' : 'map'
}

/** ` 1–1024`, ` from 1`, ` above 0, up to 86400`. */
function bounds({ minimum, exclusiveMinimum, maximum }: Node): string {
  const highest = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum
  if (minimum !== undefined) return highest === undefined ? ` from ${minimum}` : ` ${minimum}–${highest}`
  if (exclusiveMinimum === undefined) return ''
  return ` above ${exclusiveMinimum}${highest === undefined ? '' : `, up to ${highest}`}`
}

function defaultOf(node: Node, isRequired: boolean): string {
  if (isRequired && node.default === undefined) return 'required'
  if (node.default === undefined) return ''
  const text = JSON.stringify(node.default)
  return text === '[]' || text === '{}' ? 'empty' : `\`${typeof node.default === 'string' ? node.default : text}\``
}

function meaning({ description, examples }: Node): string {
  const [example] = examples ?? []
  const shown =
    example === undefined ? '' : ` Example: \`${typeof example === 'string' ? example : JSON.stringify(example)}\`.`
  return `${description ?? ''}${shown}`
}

function pathTo(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

/** As GitHub makes it of a heading. */
function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '')
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
