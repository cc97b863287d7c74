import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { configSchema } from '../../src/commands/config-schema.ts'
import { recordedContext } from '../support/recorded-context.ts'

it('prints the JSON Schema that editors get from the repository', async () => {
  const context = recordedContext()
  configSchema(context)
  const schema = await readFile(join(import.meta.dirname, '../../sluice.schema.json'), 'utf8')
  expect(JSON.parse(context.printed.join('\n'))).toEqual(JSON.parse(schema))
  expect(context.warned).toEqual([])
})
