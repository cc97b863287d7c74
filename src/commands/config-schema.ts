import { configJsonSchema } from '../config/json-schema.ts'
import type { Context } from './context.ts'
import { printText } from './line-printer.ts'

/** `sluice config schema`: for editors (`# yaml-language-server: $schema=…`). */
export function configSchema(context: Context): void {
  printText(context.print, JSON.stringify(configJsonSchema(), undefined, 2))
}
