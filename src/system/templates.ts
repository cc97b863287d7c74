import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The text of a file below templates/, which lies beside the bundle, or at the root of the source tree. */
export async function readTemplate(name: string): Promise<string> {
  return readFile(join(templatesDirectory(), name), 'utf8')
}

export function templatesDirectory(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  const beside = join(here, 'templates')
  return existsSync(beside) ? beside : join(here, '../../templates')
}
