import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { configJsonSchema } from '../../src/core/config/json-schema.ts'
import { parseConfig } from '../../src/core/config/parse-config.ts'
import { configSchema } from '../../src/core/config/schema.ts'

const file = 'sluice.example.yaml'
const text = readFileSync(join(import.meta.dirname, '../..', file), 'utf8')

/** The keys that are commented out stand in it too: `# key: …`, at the place where they would stand. */
const whole = text.replaceAll(/^( *)# ( *[a-z][A-Za-z]*:(?: .*|$))/gm, '$1$2')

describe(file, () => {
  it('has no problem', () => {
    expect(parseConfig(text, file).problems).toEqual([])
  })

  it('is connected to the schema beside it', () => {
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./sluice.schema.json')
  })

  it('has every key of the schema, commented out or not', () => {
    const keys = keysOf(parse(whole))
    const missing = [...keysOfSchema(configJsonSchema())].filter(key => !keys.has(key))
    expect(missing, `write them into ${file}`).toEqual([])
  })

  it('has commented keys and values that the schema takes', () => {
    const { error } = configSchema.safeParse(parse(whole))
    expect(error?.issues ?? []).toEqual([])
    expect(whole).not.toBe(text)
  })
})

/** `gateway.listen`, `tiers.*.model.name`: the keys of every table, whatever the names of tiers. */
function keysOf(value: unknown, path: readonly string[] = []): Set<string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Set()
  const keys = new Set<string>()
  for (const [key, inner] of Object.entries(value)) {
    const at = [...path, path.length === 1 && path[0] === 'tiers' ? '*' : key]
    keys.add(at.join('.'))
    for (const one of keysOf(inner, at)) keys.add(one)
  }
  return keys
}

function keysOfSchema(schema: unknown, path: readonly string[] = []): Set<string> {
  const { properties = {}, additionalProperties } = schema as {
    properties?: Record<string, unknown>
    additionalProperties?: unknown
  }
  const inner = Object.entries(properties)
  if (path[0] === 'tiers' && path.length === 1) inner.push(['*', additionalProperties])
  return new Set(
    inner.flatMap(([key, value]) => {
      const at = [...path, key]
      return [at.join('.'), ...keysOfSchema(value, at)]
    }),
  )
}
