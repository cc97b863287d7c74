import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { configurationFiles } from './configuration-page.ts'

// What documents have from the code: test/docs/configuration.test.ts fails where it is not equal.
const root = join(import.meta.dirname, '..')
for (const [path, text] of configurationFiles()) await writeFile(join(root, path), text)
