import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readRegularText } from './regular-file.ts'

/** A hundred times the longest template. */
const MOST_BYTES = 2 ** 20

/** The text of a file below templates/, which lies beside the bundle, or at the root of the source tree. */
export async function readTemplate(name: string): Promise<string> {
  return readRegularText(join(templatesDirectory(), name), MOST_BYTES)
}

export function templatesDirectory(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  const beside = join(here, 'templates')
  return existsSync(beside) ? beside : join(here, '../../../templates')
}
