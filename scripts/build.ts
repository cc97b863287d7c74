import { chmod, cp, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'rolldown'

// One bundled file beside its templates: compute nodes start it from the shared filesystem, where every further file
// costs a round trip.
const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))

await rm(dist, { recursive: true, force: true })
await build({
  input: join(root, 'src/cli.ts'),
  platform: 'node',
  transform: { define: { VERSION: JSON.stringify(version) } },
  output: {
    file: join(dist, 'sluice.js'),
    format: 'esm',
    codeSplitting: false,
    minify: { compress: true, mangle: false },
  },
})
await chmod(join(dist, 'sluice.js'), 0o755)
await cp(join(root, 'templates'), join(dist, 'templates'), { recursive: true })
