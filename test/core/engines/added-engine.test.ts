import { cp, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { expect, it, onTestFinished } from 'vitest'
import { spec } from '../../support/replica-spec.ts'
import { SLUICE } from '../../support/run-sluice.ts'
import { until } from '../../support/until.ts'

const ROOT = join(import.meta.dirname, '../../..')
const PAGE = await readFile(join(ROOT, 'docs/design/adding-an-engine.md'), 'utf8')

/** The lines that the page's third step asks for: file, what stands there, what stands there with the new engine. */
const LINES: readonly [file: string, before: string, after: string][] = [
  ['engines/client-paths.ts', '  tei: [\n', '  mlc: [...OPENAI, HEALTH],\n  tei: [\n'],
  ['config/rules/reserved-flags.ts', '  tei: TEI,\n', "  mlc: [{ flags: ['--port'], ...PORT }],\n  tei: TEI,\n"],
  ['config/rules/known-mistakes.ts', "  tei: 'TEI',\n", "  mlc: 'MLC',\n  tei: 'TEI',\n"],
]

it('an engine that is added as docs/design/adding-an-engine.md says compiles, is started, serves and ends', async () => {
  const tree = await copyOfSources()
  const core = (file: string) => join(tree, 'src/core', file)
  const [, code = ''] = /## The engine in code\n\n```ts\n(.*?)```/s.exec(PAGE) ?? []
  const imports = `import type { Engine } from './engine.ts'
import { modelSource, needsModel } from './model-source.ts'
import { readPlainHealth } from './plain-health.ts'
import { type LoadNames, readLoadBy } from './prometheus.ts'
`
  const load = "const LOAD: LoadNames = { running: ['running'], waiting: [], kv: [], prefixHits: [] }\n"
  await writeFile(core('engines/mlc.ts'), `${imports}\n${load}\n${code}`)
  await replace(core('engines/index.ts'), 'import { sglang }', "import { mlc } from './mlc.ts'\nimport { sglang }")
  await replace(core('engines/index.ts'), ' tei, custom,', ' tei, mlc, custom,')
  await replace(core('domain/engine-spec.ts'), "'tei', 'custom'", "'tei', 'mlc', 'custom'")

  const [, asked = ''] = /\n3\. [^\n]*\n(.*?)\n4\. /s.exec(PAGE) ?? []
  const named = [...asked.matchAll(/`([^`]+\.ts)`/g)].map(([, file]) => file ?? '')
  expect((await compile(tree)).map(file => named.find(name => file.endsWith(name)) ?? file).sort()).toEqual(
    named.toSorted(),
  )
  for (const [file, before, after] of LINES) await replace(core(file), before, after)
  expect(await compile(tree)).toEqual([])

  const shared = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const [node, , version] = SLUICE
  const argv = ['--import', version, join(tree, 'src/cli.ts'), 'supervise', '--without-slurm', '0']
  const model = { name: 'one', id: 'org/one' }
  const input = JSON.stringify({ ...spec, shared, engine: 'mlc', command: await standIn(tree), model })
  const supervisor = execa(node, argv, { input, env: { TMPDIR: tmpdir() }, reject: false })
  onTestFinished(() => void supervisor.kill('SIGKILL'))
  const file = join(shared, `endpoints/fast-${supervisor.pid}-0-0.json`)
  const endpoint = await until('its endpoint', async () => JSON.parse(await readFile(file, 'utf8')), {
    timeoutMs: 120_000,
    holds: one => one.state === 'ready',
  })
  expect(endpoint).toMatchObject({ engine: 'mlc', models: ['org/one'], serves: ['chat', 'completions'] })
  supervisor.kill('SIGTERM')
  expect((await supervisor).exitCode).toBe(0)
  await expect(fetch(`${endpoint.url}/health`)).rejects.toThrow()
}, 300_000)

async function copyOfSources(): Promise<string> {
  const tree = await mkdtemp(join(tmpdir(), 'sluice-added-'))
  await cp(join(ROOT, 'src'), join(tree, 'src'), { recursive: true })
  await cp(join(ROOT, 'package.json'), join(tree, 'package.json'))
  await symlink(join(ROOT, 'node_modules'), join(tree, 'node_modules'))
  const { compilerOptions } = JSON.parse(await readFile(join(ROOT, 'tsconfig.json'), 'utf8'))
  await writeFile(join(tree, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }))
  return tree
}

/** The files in which the compiler finds errors, each once. */
async function compile(tree: string): Promise<readonly string[]> {
  const { stdout } = await execa(join(ROOT, 'node_modules/.bin/tsc'), ['--pretty', 'false'], {
    cwd: tree,
    reject: false,
  })
  return [...new Set([...stdout.matchAll(/^(\S+)\(\d+,\d+\): error/gm)].map(([, file]) => file ?? ''))]
}

async function replace(file: string, before: string, after: string): Promise<void> {
  const text = await readFile(file, 'utf8')
  expect(text, file).toContain(before)
  await writeFile(file, text.replace(before, after))
}

/** A program with the flags of the page, which serves its model. */
async function standIn(tree: string): Promise<string> {
  const program = join(tree, 'mlc_llm')
  await writeFile(
    program,
    `#!${process.execPath}
import { createServer } from 'node:http'
const [, , serve, model, ...flags] = process.argv
const of = name => flags[flags.indexOf(name) + 1]
if (serve !== 'serve') process.exit(2)
createServer((request, response) => {
  response.end(JSON.stringify({ data: [{ id: model }] }))
}).listen(Number(of('--port')), of('--host'))
`,
    { mode: 0o755 },
  )
  return program
}
