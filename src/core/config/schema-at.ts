import { z } from 'zod'
import type { Path } from './config-finding.ts'

/** The schema without what makes it optional. */
export function bareSchema(schema: z.core.$ZodType): z.core.$ZodType {
  const optional = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
  return optional ? bareSchema(schema.unwrap()) : schema
}

/** The schema, with its defaults and description, of the value at `path`; undefined where the schema has no such path. */
export function schemaAt(schema: z.core.$ZodType, path: Path): z.core.$ZodType | undefined {
  const [key, ...rest] = path
  if (key === undefined) return schema
  const next = child(bareSchema(schema), key)
  return next === undefined ? undefined : schemaAt(next, rest)
}

/** The value at `path` of plain data. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (parent, key) => (isMap(parent) || Array.isArray(parent) ? Reflect.get(parent, key) : undefined),
    value,
  )
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function child(schema: z.core.$ZodType, key: string | number): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) return Object.hasOwn(schema.shape, key) ? schema.shape[key] : undefined
  if (schema instanceof z.ZodRecord) return schema.valueType
  if (schema instanceof z.ZodArray) return schema.element
  return undefined
}
