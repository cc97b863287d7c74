import { configJsonSchema } from '../config/json-schema.ts'
import type { Context } from './context.ts'
import { printJson } from './line-printer.ts'

/** `sluice config schema`: for editors (`# yaml-language-server: $schema=…`). */
export function configSchema(context: Context): void {
  printJson(context.print, configJsonSchema())
}
