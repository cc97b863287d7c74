import { configJsonSchema } from '../core/config/json-schema.ts'
import type { Context } from '../core/context.ts'
import { printJson } from '../core/text/line-printer.ts'

/** `sluice config schema`: for editors (`# yaml-language-server: $schema=…`). */
export function configSchema(context: Context): void {
  printJson(context.print, configJsonSchema())
}
