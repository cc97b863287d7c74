import { configJsonSchema } from '../config/json-schema.ts'
import type { Context } from './context.ts'

/** `sluice config schema`: for editors (`# yaml-language-server: $schema=…`). */
export function configSchema(context: Context): void {
  context.print(JSON.stringify(configJsonSchema(), undefined, 2))
}
