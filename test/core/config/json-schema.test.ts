import { expect, it } from 'vitest'
import { configJsonSchema } from '../../../src/core/config/json-schema.ts'
import { isMap } from '../../../src/core/config/schema-at.ts'

/** Every property of the schema, at any depth, by its path. */
function properties(schema: unknown, path = ''): [path: string, property: Record<string, unknown>][] {
  if (!isMap(schema)) return []
  const own = isMap(schema['properties']) ? Object.entries(schema['properties']) : []
  return [
    ...own.flatMap(([key, property]): [string, Record<string, unknown>][] =>
      isMap(property) ? [[`${path}.${key}`, property], ...properties(property, `${path}.${key}`)] : [],
    ),
    ...properties(schema['additionalProperties'], `${path}.*`),
  ]
}

const schema = configJsonSchema()

it('it is of draft 2020-12, closed, and asks only for what has no default', () => {
  const { $schema, title, type, additionalProperties, required } = schema
  expect({ $schema, title, type, additionalProperties, required }).toEqual({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'sluice.yaml',
    type: 'object',
    additionalProperties: false,
    required: ['site', 'shared', 'runtime', 'gateway', 'tiers'],
  })
})

it('every key describes itself, those that are times with their unit', () => {
  const all = properties(schema)
  expect(all.length).toBeGreaterThan(50)
  expect(all.filter(([, { description }]) => typeof description !== 'string').map(([path]) => path)).toEqual([])
  const times = all.filter(([path]) => path.endsWith('Seconds'))
  expect(times.filter(([, { description }]) => !/second/.test(String(description))).map(([path]) => path)).toEqual([])
})

it('a key shows its default, its range and an example', () => {
  const found = new Map(properties(schema))
  expect([found.get('.tiers.*.replicas'), found.get('.tiers.*.slurm.mem'), found.get('.gateway.listen')]).toEqual([
    {
      description: expect.stringMatching(/^How many replicas/),
      default: 1,
      type: 'integer',
      minimum: 0,
      maximum: 1000,
    },
    {
      description: 'Host memory on each node; megabytes without a unit.',
      examples: ['64G'],
      type: 'string',
      pattern: '^\\d{1,9}[KMGTkmgt]?$',
    },
    {
      description:
        'Port on which every tier answers below its path, on all IPv4 addresses of the machine; with an address before it, on that address only.',
      default: 8080,
      examples: ['127.0.0.1:8080'],
      anyOf: [
        { type: 'integer', minimum: 1024, maximum: 65_535 },
        { type: 'string', pattern: expect.stringMatching(/^\^/) },
      ],
    },
  ])
})

it('every pattern means the same to readers that compile it as Unicode', () => {
  const patterns = [...JSON.stringify(schema).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(([, text = '""']) =>
    String(JSON.parse(text)),
  )
  expect(patterns.length).toBeGreaterThan(20)
  expect(patterns.filter(pattern => !(new RegExp(pattern, 'u') instanceof RegExp))).toEqual([])
})
