import { type Alias, type Document, LineCounter, type Node, parseAllDocuments, visit } from 'yaml'
import type { Problem } from '../domain/problem.ts'
import { notText } from './yaml-text.ts'

/** A problem at an offset into the text, located by line. */
type Locate = (offset: number, message: string, fix: string) => Problem

/** The one document of a file, or why there is none: all errors of its syntax. */
export interface YamlFile {
  readonly document: Document.Parsed | undefined
  readonly lines: LineCounter
  /** The target of each alias: the nearest anchor of its name above it. */
  readonly targets: ReadonlyMap<Alias, Node>
  readonly locate: Locate
  readonly problems: readonly Problem[]
}

/** Never throws. `keys`: the keys that an empty file should have. */
export function readYaml(text: string, file: string, keys = 'add site, shared, runtime, gateway and tiers'): YamlFile {
  const body = text.startsWith('\ufeff') ? text.slice(1) : text
  const lines = new LineCounter()
  const locate: Locate = (offset, message, fix) => {
    // At the end of the text a line may not have begun yet.
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), message, fix }
  }
  const failed = (problems: readonly Problem[]): YamlFile => ({
    document: undefined,
    lines,
    targets: new Map(),
    locate,
    problems,
  })

  const unreadable = notText(body, file)
  if (unreadable !== undefined) return failed([unreadable])
  const parsed = parse(body, lines)
  if (parsed === undefined) {
    return failed([{ file, message: 'Cannot read YAML: it is nested too deeply', fix: 'use fewer levels' }])
  }
  const { documents, targets } = parsed
  const syntax = syntaxProblems(documents, locate)
  const [document] = documents
  if (syntax.length > 0) return failed(syntax)
  if (document === undefined || document.contents === null) {
    return failed([{ file, message: 'Cannot use the configuration: it is empty', fix: keys }])
  }
  return { document, lines, targets, locate, problems: [] }
}

interface Parsed {
  readonly documents: readonly Document.Parsed[]
  readonly targets: ReadonlyMap<Alias, Node>
}

/** Undefined when the text is nested too deeply. */
function parse(body: string, lineCounter: LineCounter): Parsed | undefined {
  try {
    // readTree finds duplicate keys, because it can name both lines.
    const options = { lineCounter, prettyErrors: false, uniqueKeys: false, logLevel: 'silent' } as const
    const parsed = parseAllDocuments(body, options)
    const documents = Array.isArray(parsed) ? parsed : []
    if (documents.some(({ errors }) => errors.some(({ code }) => code === 'RESOURCE_EXHAUSTION'))) return undefined
    return { documents, targets: new Map(documents.flatMap(aliasTargets)) }
  } catch (error) {
    // Parser and visitor are recursive: thousands of brackets overflow the stack.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function aliasTargets(document: Document.Parsed): [Alias, Node][] {
  const anchors = new Map<string, Node>()
  const targets: [Alias, Node][] = []
  visit(document, {
    Alias: (_, alias) => {
      const target = anchors.get(alias.source)
      if (target !== undefined) targets.push([alias, target])
    },
    Value: (_, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node)
    },
  })
  return targets
}

function syntaxProblems(documents: readonly Document.Parsed[], locate: Locate): Problem[] {
  const [, second] = documents
  const errors = documents
    .flatMap(document => document.errors)
    .filter((error, index, all) => all.findIndex(other => other.pos[0] === error.pos[0]) === index)
    .map(error => locate(error.pos[0], `Cannot read YAML: ${lowerFirst(error.message)}`, syntaxFix(error.code)))
  const old = documents.filter(({ directives }) => directives.yaml.version !== '1.2').slice(0, 1)
  return [
    ...old.map(() => locate(0, 'Cannot read YAML: the file asks for YAML 1.1', 'leave the %YAML line out')),
    ...errors,
    ...(second === undefined
      ? []
      : [
          locate(second.range[0], 'Cannot read YAML: a second document starts here', 'leave out the line --- above it'),
        ]),
  ]
}

function syntaxFix(code: string): string {
  if (code === 'TAB_AS_INDENT') return 'indent with spaces'
  if (code === 'MISSING_CHAR') return 'close it'
  return 'correct the text here or just above'
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
