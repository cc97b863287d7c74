import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { configurationFiles } from './configuration-page.ts'
import { bundleRouter, ROUTER_PATH } from './router.ts'

// What documents and templates have from the code: test/docs/configuration.test.ts and
// test/adapters/gateway/njs/router.test.ts fail where they are not equal.
const root = join(import.meta.dirname, '..')
await writeFile(ROUTER_PATH, await bundleRouter())
for (const [path, text] of configurationFiles()) await writeFile(join(root, path), text)
