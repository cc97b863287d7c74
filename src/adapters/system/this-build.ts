import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildName } from '../../core/domain/build.ts'

/** What runs here, by the name that `sluice install` gave it. Node follows links to the file that it runs, `current` too. */
export function thisBuild(): string {
  return buildName(VERSION, dirname(fileURLToPath(import.meta.url)))
}

declare const VERSION: string
