import { z } from 'zod'
import { configSchema } from './schema.ts'

/** sluice.yaml as JSON Schema, draft 2020-12, as people write it: keys with defaults may be left out. */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { target: 'draft-2020-12', io: 'input' })
  return { $schema, title: 'sluice.yaml', ...schema }
}
