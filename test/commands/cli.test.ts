import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { EXAMPLE } from '../support/example-config.ts'
import { SLUICE } from '../support/run-sluice.ts'

const directory = await mkdtemp(join(tmpdir(), 'sluice-cli-'))
const config = join(directory, 'sluice.yaml')
await writeFile(config, EXAMPLE)

/** A shell line in which "$@" is the command. */
async function shell(script: string, ...args: string[]) {
  const argv = ['-c', script, 'sh', ...SLUICE, ...args]
  const child = spawn('bash', argv, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, stdout, said: stderr.split('\n').filter(line => line !== '') }
}

it.each([
  ['a report', ['render']],
  ['one that would go on', ['status', '--watch', '--json']],
])('a reader that has seen enough of %s ends it quietly', async (_, args) => {
  const script = '"$@" --config sluice.yaml | head -n 1; exit "$PIPESTATUS"'
  const { code, said, stdout } = await shell(script, ...args)
  expect({ code, said, lines: stdout.split('\n').length }).toEqual({ code: 0, said: [], lines: 2 })
})

it('what fails still fails, whoever reads it', async () => {
  const args = ['config', 'check', '--json', '--config', join(directory, 'no.yaml')]
  expect((await shell('"$@" 2>&1 | true; exit "$PIPESTATUS"', ...args)).code).toBe(2)
})

it('a full disk is not a success', async () => {
  expect(await shell('"$@" > /dev/full', 'config', 'schema')).toEqual({
    code: 1,
    stdout: '',
    said: ['Cannot write standard output: no space is left there (ENOSPC)'],
  })
})

it('a working directory that was removed matters to relative names alone', async () => {
  const gone = join(directory, 'gone')
  const from = (...args: string[]) => shell(`mkdir ${gone}; cd ${gone}; rmdir ${gone}; "$@"`, ...args)
  expect(await from('config', 'check', '--config', config)).toMatchObject({ code: 0, said: [] })
  const there = `${gone} (deleted)`
  expect(await from('config', 'check')).toEqual({
    code: 2,
    stdout: '',
    said: [
      `Cannot find a configuration: there is no ${there}/sluice.yaml and no /etc/sluice/sluice.yaml; name one with --config or $SLUICE_CONFIG, or write a first one with sluice init`,
    ],
  })
  expect(await from('render', '--config', config, '--output', 'jobs')).toEqual({
    code: 2,
    stdout: '',
    said: [`Cannot write jobs/run-14b.slurm: the working directory ${there} was removed; go to one that exists`],
  })
  await rm(gone, { recursive: true, force: true })
})

it.each([
  [['logs'], "error: missing required argument 'tier|id'"],
  [['status', '--jsno'], "error: unknown option '--jsno'"],
  [['gateway', 'stop', '--within'], "error: option '--within <seconds>' argument missing"],
])('%j is refused with the way to its help', async (args, first) => {
  const { code, said } = await shell('"$@"', ...args)
  expect({ code, first: said[0], last: said.at(-1) }).toEqual({
    code: 2,
    first,
    last: 'Add --help to see its usage',
  })
})
