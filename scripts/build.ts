import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { rolldown } from 'rolldown'
import { packagesOf, thirdPartyNotices } from './third-party-notices.ts'

// One bundled file beside its templates: compute nodes start it from the shared filesystem, where every further file
// costs a round trip. Inside it the chunks lie as strings, and one is compiled when it is first required: V8 needs
// 40 ms to read through a megabyte of code, of which a command uses a tenth.
const root = join(import.meta.dirname, '..')
// dist/, or the directory that is named.
const dist = process.argv[2] ?? join(root, 'dist')
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))

const build = {
  platform: 'node',
  transform: { target: 'node22.12', define: { VERSION: JSON.stringify(version) } },
  onLog,
} as const

const bundle = await rolldown({ ...build, input: { cli: join(root, 'src/cli.ts') } })
const { output } = await bundle.generate({ format: 'cjs', minify: { compress: true, mangle: false } })
const chunks = output.flatMap(one => (one.type === 'chunk' ? [[one.fileName, one.code] as const] : []))

await rm(dist, { recursive: true, force: true })
await mkdir(dist, { recursive: true })
await writeFile(join(dist, 'sluice.cjs'), pack(chunks))
await chmod(join(dist, 'sluice.cjs'), 0o755)
await cp(join(root, 'templates'), join(dist, 'templates'), { recursive: true })

// The licences of Sluice, of what the bundle holds and of the Node that goes along.
const bundled = packagesOf(output.flatMap(one => (one.type === 'chunk' ? one.moduleIds : [])))
await mkdir(join(dist, 'licenses'))
await cp(join(root, 'LICENSE'), join(dist, 'licenses/LICENSE'))
await writeFile(join(dist, 'licenses/THIRD-PARTY'), await thirdPartyNotices(bundled))
await cp(join(root, `node_modules/node-linux-${process.arch}/LICENSE`), join(dist, 'licenses/NODE'))

// The library: one module, and the declarations of what it exports.
const library = await rolldown({ ...build, input: { index: join(root, 'src/index.ts') } })
await library.write({ dir: dist, format: 'esm' }) // readable: its lines stand in its users' stack traces
await execa('tsc', ['--project', join(root, 'tsconfig.library.json'), '--outDir', join(dist, 'types')], {
  preferLocal: true,
  localDir: root,
})

function onLog(_level: string, log: { message: string }): never {
  throw new Error(`Cannot build: ${log.message}`)
}

function pack(files: readonly (readonly [name: string, code: string])[]): string {
  const entries = files.map(
    ([name, code]) => `${JSON.stringify(name)}: ${ascii(JSON.stringify(withoutShebang(code)))},`,
  )
  return `#!/usr/bin/env node
'use strict'
${refuseOldNode()}
const { compileFunction } = require('node:vm')
const loaded = new Map()
const chunks = {
${entries.join('\n')}
}
function load(name) {
  const known = loaded.get(name)
  if (known !== undefined) return known.exports
  const module = { exports: {} }
  loaded.set(name, module)
  const requireChunk = id => (id.startsWith('./') ? load(id.slice(2)) : require(id))
  const parameters = ['exports', 'require', 'module', '__filename', '__dirname']
  const run = compileFunction(chunks[name], parameters, { filename: __filename + '/' + name })
  run(module.exports, requireChunk, module, __filename, __dirname)
  return module.exports
}
load('cli.js')
`
}

/** In words that every Node reads: older ones end with a syntax error, or later where something is missing. */
function refuseOldNode(): string {
  return `const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 12)) {
  const { existsSync } = require('node:fs')
  const { join } = require('node:path')
  const own = [
    join(__dirname, 'node'),
    join(__dirname, '../node_modules/node-linux-' + process.arch + '/bin/node'), // of a checkout
    join(__dirname, '../../node-linux-' + process.arch + '/bin/node'), // installed beside the package
  ].find(path => existsSync(path))
  console.error(
    'sluice needs Node 22.12 or newer, and this is ' + process.versions.node + '. ' +
      (own === undefined
        ? 'npm install node-linux-' + process.arch + ' brings one; in a checkout npm ci does'
        : 'One that is newer lies here: ' + own + ' ' + __filename),
  )
  process.exit(2)
}`
}

/** V8 keeps text that is all ASCII in half the memory, and reads it faster. */
function ascii(text: string): string {
  return text.replace(/[^\0-\x7f]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function withoutShebang(code: string): string {
  return code.replace(/^#!.*\n/, '')
}
