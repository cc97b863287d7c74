import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { expect, it } from 'vitest'
import { spec } from '../../support/replica-spec.ts'

const CLI = resolve(import.meta.dirname, '../../../src/cli.ts')
const VERSION = 'data:text/javascript,globalThis.VERSION="0"'

it('says in the shared directory why it could not begin: what it prints stays on its node', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const input = JSON.stringify({ ...spec, shared, command: process.execPath })
  const argv = ['--import', VERSION, CLI, 'supervise', '--without-slurm', '0']
  const ended = await execa(process.execPath, argv, { input, env: { TMPDIR: '/nowhere' }, reject: false })
  expect(ended.exitCode).toBe(1)
  const [events = ''] = await readdir(join(shared, 'events'))
  expect(JSON.parse(await readFile(join(shared, 'events', events), 'utf8'))).toMatchObject({
    event: 'failed',
    message: expect.stringMatching(/^Cannot make scratch space in "\/nowhere": .*ENOENT.*TMPDIR/),
  })
}, 180_000)

it('says in one line what its replica spec lacks, and ends with code 2', async () => {
  const argv = ['--import', VERSION, CLI, 'supervise']
  const input = '{"version":1,"engine":"vllm"}'
  const { exitCode, stderr } = await execa(process.execPath, argv, { input, reject: false })
  expect([exitCode, stderr]).toEqual([
    2,
    expect.stringMatching(/^Cannot use the replica spec on standard input: it lacks command, args, env, .*$/),
  ])
}, 180_000)
