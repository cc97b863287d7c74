import { z } from 'zod'
import { badKey, badValue, type ConfigFinding, listed, type Path, quote, suggest } from './config-finding.ts'
import { nearestWord } from './nearest-word.ts'
import { bareSchema, isMap, schemaAt, valueAt } from './schema-at.ts'

type Issue = z.core.$ZodIssue

/** The input of the findings. */
interface Subject {
  readonly schema: z.ZodType
  readonly value: unknown
  /** A scalar as it was written. */
  sourceAt(path: Path): string | undefined
}

/** Every key and value that is wrong by itself: unknown, missing, of another type, out of range. */
export function shapeFindings(subject: Subject): ConfigFinding[] {
  const result = subject.schema.safeParse(subject.value)
  return result.success ? [] : result.error.issues.flatMap(issue => word(issue, [], subject))
}

function word(issue: Issue, base: Path, subject: Subject): ConfigFinding[] {
  const path: Path = [...base, ...issue.path.map(key => (typeof key === 'symbol' ? String(key) : key))]
  const value = valueAt(subject.value, path)
  if (value === undefined) return [missingKey(path, subject)]
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map(key => unknownKey(path, key, subject))
    case 'invalid_key':
      return [
        badKey(path, `the name ${quote(String(path.at(-1)))}`, issue.issues[0]?.message ?? 'rename it'),
        ...below(path, subject),
      ]
    case 'invalid_union':
      return branch(issue, path, subject) ?? [badValue(path, shown(path, subject, 'typed'), issue.message)]
    case 'invalid_type':
      return [badValue(path, shown(path, subject, 'typed'), typeFix(path, subject))]
    case 'invalid_value':
      return [badValue(path, shown(path, subject), suggest(wordOf(value), issue.values.map(String)))]
    case 'too_small':
    case 'too_big':
      return [badValue(path, shown(path, subject), range(path, subject))]
    default:
      return [badValue(path, shown(path, subject), issue.message)]
  }
}

/** Maps have no prototype, and would not become text. */
function wordOf(value: unknown): string {
  return typeof value === 'object' ? '' : String(value)
}

/** zod does not look below a key that it refuses. */
function below(path: Path, subject: Subject): ConfigFinding[] {
  const schema = schemaAt(subject.schema, path)
  const result = schema && z.safeParse(schema, valueAt(subject.value, path))
  return result?.success === false ? result.error.issues.flatMap(issue => word(issue, path, subject)) : []
}

/** The problems of the alternative that was meant: the number, or the only one with problems below the top of the value. */
function branch(issue: z.core.$ZodIssueInvalidUnion, path: Path, subject: Subject): ConfigFinding[] | undefined {
  const number = typeof valueAt(subject.value, path) === 'number' ? numberPlace(schemaAt(subject.schema, path)) : -1
  const meant = issue.errors[number] ?? issue.errors.find(issues => issues.every(one => one.path.length > 0))
  return meant?.flatMap(one => word(one, path, subject))
}

/** The index of the union's alternative for numbers; −1: none, or not a union. */
function numberPlace(schema: z.core.$ZodType | undefined): number {
  const bare = schema && bareSchema(schema)
  return bare instanceof z.ZodUnion ? bare.options.findIndex(option => option instanceof z.ZodNumber) : -1
}

function unknownKey(parent: Path, key: string, subject: Subject): ConfigFinding {
  const path = [...parent, key]
  const schema = bareSchema(schemaAt(subject.schema, parent) ?? subject.schema)
  const shape = schema instanceof z.ZodObject ? schema.shape : {}
  return badKey(path, 'there is no such key here', unknownKeyFix(key, shape))
}

function unknownKeyFix(key: string, shape: Readonly<Record<string, z.core.$ZodType>>): string {
  const home = Object.entries(shape).find(([, child]) => {
    const inner = bareSchema(child)
    return inner instanceof z.ZodObject && Object.hasOwn(inner.shape, key)
  })
  if (home !== undefined) return `it belongs below ${quote(home[0])}`
  const near = nearestWord(key, Object.keys(shape))
  return near === undefined ? `the keys are ${Object.keys(shape).join(', ')}` : `did you mean ${quote(near)}`
}

function missingKey(path: Path, subject: Subject): ConfigFinding {
  const key = String(path.at(-1))
  const fix = `add ${key}${example(schemaAt(subject.schema, path))}`
  return badKey(path.slice(0, -1), `key ${quote(key)} is missing`, fix)
}

function typeFix(path: Path, subject: Subject): string {
  const value = valueAt(subject.value, path)
  const schema = schemaAt(subject.schema, path)
  const bare = schema && forValue(bareSchema(schema), value)
  if (bare instanceof z.ZodNumber) {
    const meant = typeof value === 'string' && /^[+-]?\d+(?:\.\d+)?$/.test(value)
    return meant ? `write ${value} without quotes` : range(path, subject)
  }
  if (bare instanceof z.ZodBoolean) return 'write true or false'
  if (bare instanceof z.ZodString) {
    if (value === null || typeof value === 'object') return `write text${example(schema)}`
    return mayBeSecret(path) ? 'write it in quotes' : `write it in quotes: ${quote(source(path, subject))}`
  }
  if (bare instanceof z.ZodEnum) return `choose ${listed(bare.options.map(String))}`
  if (bare instanceof z.ZodArray) return `write a list${example(schema)}`
  return path.length === 0 ? 'write keys, such as site: beefcake2' : 'write its keys below it, indented'
}

function forValue(bare: z.core.$ZodType, value: unknown): z.core.$ZodType {
  const option = bare instanceof z.ZodUnion && typeof value === 'number' ? bare.options[numberPlace(bare)] : undefined
  return option ?? bare
}

function range(path: Path, subject: Subject): string {
  const schema = schemaAt(subject.schema, path)
  const bare = schema && forValue(bareSchema(schema), valueAt(subject.value, path))
  if (bare instanceof z.ZodArray) return `write at least one${example(schema)}`
  if (!(bare instanceof z.ZodNumber)) return 'write another'
  const kind = bare.isInt ? 'a whole number' : 'a number'
  const { minValue, maxValue } = bare
  const from = minValue === 0 && !bare.isInt ? `above 0` : `from ${minValue}`
  return `write ${kind} ${from} to ${maxValue}`
}

function example(schema: z.core.$ZodType | undefined): string {
  const meta = schema instanceof z.ZodType ? schema.meta() : undefined
  const [first] = Array.isArray(meta?.['examples']) ? meta['examples'] : []
  return first === undefined ? '' : `, such as ${typeof first === 'string' ? first : JSON.stringify(first)}`
}

/** The value for people; with its type where the type is wrong. */
function shown(path: Path, subject: Subject, typed?: 'typed'): string {
  const value = valueAt(subject.value, path)
  if (value === undefined || value === null) return 'it is empty'
  if (Array.isArray(value)) return value.length === 0 ? 'the list is empty' : 'it is a list'
  if (isMap(value)) return 'it is a map'
  const type = typeof value === 'string' ? 'text' : typeof value === 'number' ? 'the number' : 'the boolean'
  if (mayBeSecret(path)) return typed ? `it is ${type.replace('the', 'a')}` : 'it does not fit'
  const text = typeof value === 'string' ? quote(value) : source(path, subject)
  return typed ? `it is ${type} ${text}` : text
}

/** Values of environment variables are never shown. */
function mayBeSecret(path: Path): boolean {
  return path[2] === 'env'
}

function source(path: Path, subject: Subject): string {
  return subject.sourceAt(path) ?? String(valueAt(subject.value, path))
}
