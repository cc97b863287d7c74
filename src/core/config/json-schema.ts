import { z } from 'zod'
import { configSchema } from './schema.ts'

/** The JSON Schema of sluice.yaml, draft 2020-12, for the file before defaults: keys with defaults may be left out. */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { target: 'draft-2020-12', io: 'input' })
  return { $schema, title: 'sluice.yaml', ...schema }
}
