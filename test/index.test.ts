import { copyFile, mkdir, mkdtemp, readFile, realpath, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../src/adapters/engine/process/address.ts'

const root = join(import.meta.dirname, '..')
const SMALL = join(root, 'test/fixtures/servers/small-engine')

/** Somebody's project, in which the built package is installed. */
let project = ''

beforeAll(async () => {
  project = await realpath(await mkdtemp(join(tmpdir(), 'sluice-test-')))
  const installed = join(project, 'node_modules/sluice')
  await mkdir(installed, { recursive: true })
  await execa(process.execPath, [join(root, 'scripts/build.ts'), join(installed, 'dist')])
  await copyFile(join(root, 'package.json'), join(installed, 'package.json'))
  await symlink(join(root, 'node_modules/@types'), join(project, 'node_modules/@types'))
  await symlink(join(root, 'node_modules/undici-types'), join(project, 'node_modules/undici-types'))
  await mkdir(join(project, 'bin'))
  for (const name of ['my-backend-binary', 'vllm']) await symlink(SMALL, join(project, 'bin', name))
  await writeFile(join(project, 'package.json'), '{ "type": "module" }')
}, 180_000)

/** The examples of docs/library.md. */
async function blocks(language: string): Promise<string[]> {
  const page = await readFile(join(root, 'docs/library.md'), 'utf8')
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text ?? '')
}

const env = () => ({ PATH: `${join(project, 'bin')}:${process.env['PATH']}` })

/** Runs a program of the project's on a free port instead of 8000, and gives what it printed. */
async function run(file: string, code: string): Promise<string> {
  const port = await freePort('127.0.0.1')
  await writeFile(join(project, file), code.replaceAll('8000', String(port)))
  const { stdout } = await execa(process.execPath, [file], { cwd: project, env: env() })
  return stdout.replaceAll(String(port), '8000')
}

describe('the built package', () => {
  it('has what docs/library.md shows, with types that a strict project takes', async () => {
    const examples = await blocks('ts')
    expect(examples.length).toBe(2)
    for (const [index, code] of examples.entries()) await writeFile(join(project, `example-${index}.ts`), code)
    const compilerOptions = {
      ...{ module: 'nodenext', target: 'es2024', lib: ['es2024', 'esnext.disposable'], types: ['node'] },
      ...{ strict: true, noEmit: true, exactOptionalPropertyTypes: true, noImplicitOverride: true },
    }
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['example-*.ts'] }))
    const { all } = await execa('tsc', { cwd: project, preferLocal: true, localDir: root, all: true, reject: false })
    expect(all).toBe('')
  })

  it('runs a backend of twenty lines', async () => {
    const [, code = ''] = await blocks('ts')
    const lines = code.split('\n').filter(line => line !== '')
    expect(lines.length).toBeLessThanOrEqual(20)
    expect(await run('mine.ts', code)).toMatch(
      /health: 'http:\/\/127\.0\.0\.1:8000\/ready',\s+api: 'http:\/\/127\.0\.0\.1:8000\/api'/,
    )
  })

  it('runs the first example, and ends what it started', async () => {
    const [code = ''] = await blocks('ts')
    expect(await run('first.ts', `${code}\nprocess.on('exit', () => console.log(running.state))`)).toMatch(
      /chat: 'http:\/\/127\.0\.0\.1:8000\/v1\/chat\/completions'.*\nstopped$/s,
    )
  })

  it('starts from a file, on a command line', async () => {
    const [yaml = ''] = await blocks('yaml')
    const port = await freePort('127.0.0.1')
    await writeFile(join(project, 'server.yaml'), `${yaml.replace(/^profile.*\n/m, '')}port: ${port}\n`)
    const code = `import { startServerFromConfig } from 'sluice'
      const server = await startServerFromConfig('server.yaml')
      console.log(server.state)
      await server.stop()
      console.log(server.state)`
    const argv = ['--input-type=module', '--eval', code]
    expect((await execa(process.execPath, argv, { cwd: project, env: env() })).stdout).toBe('ready\nstopped')
  })

  it('tells what is wrong with a file as the command does', async () => {
    await writeFile(join(project, 'wrong.yaml'), 'backend: vllm\nmodle: x\n')
    const code = `import { loadServerConfig, UserError } from 'sluice'
      await loadServerConfig('wrong.yaml').catch(error => console.log(error instanceof UserError, error.message))`
    const argv = ['--input-type=module', '--eval', code]
    expect((await execa(process.execPath, argv, { cwd: project })).stdout).toBe(
      'true wrong.yaml:1:1: Cannot use the configuration: key "model" is missing; add model, such as meta-llama/Llama-2-7b-hf\n' +
        'wrong.yaml:2:1: Cannot use modle: there is no such key here; did you mean "model"',
    )
  })
})
