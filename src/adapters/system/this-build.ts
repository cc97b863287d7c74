import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildName } from '../../core/domain/build.ts'

/** The name of the running build, from `sluice install`. Node resolves links to its main file, `current` too. */
export function thisBuild(): string {
  return buildName(VERSION, dirname(fileURLToPath(import.meta.url)))
}

declare const VERSION: string
