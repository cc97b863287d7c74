import { z } from 'zod'
import { bareSchema, isMap } from './schema-at.ts'

/** A value reduced to its well-formed parts; the rest is undefined, list items included. */
export type ValidParts<T> = T extends string | number | boolean
  ? T
  : T extends readonly (infer Item)[]
    ? readonly (ValidParts<Item> | undefined)[]
    : T extends object
      ? { readonly [Key in keyof T]?: ValidParts<T[Key]> | undefined }
      : T

/**
 * The parts of `raw` that fit the schema, with their defaults, so that rules between keys can be checked although other keys
 * are wrong. (zod itself skips rules between keys once one key has the wrong shape.)
 */
export function validParts<S extends z.ZodType>(schema: S, raw: unknown): ValidParts<z.output<S>> | undefined {
  return keep(schema, raw) as ValidParts<z.output<S>> | undefined
}

function keep(schema: z.core.$ZodType, raw: unknown): unknown {
  const whole = z.safeParse(schema, raw)
  if (whole.success) return whole.data
  const bare = bareSchema(schema)
  if (bare instanceof z.ZodUnion) {
    const option = bare.options.find(one =>
      Array.isArray(raw) ? one instanceof z.ZodArray : isMap(raw) && one instanceof z.ZodRecord,
    )
    return option === undefined ? undefined : keep(option, raw)
  }
  if (bare instanceof z.ZodArray) return Array.isArray(raw) ? raw.map(item => keep(bare.element, item)) : undefined
  if (!isMap(raw)) return undefined
  if (bare instanceof z.ZodObject) {
    return Object.fromEntries(Object.entries(bare.shape).map(([key, value]) => [key, keep(value, raw[key])]))
  }
  if (!(bare instanceof z.ZodRecord)) return undefined
  const { valueType } = bare
  return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, keep(valueType, value)]))
}
