import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { EXAMPLE } from '../core/config/example.ts'

const CLI = join(import.meta.dirname, '../../src/cli.ts')
const VERSION = 'data:text/javascript,globalThis.VERSION="0"'
const directory = await mkdtemp(join(tmpdir(), 'sluice-cli-'))
const config = join(directory, 'sluice.yaml')
await writeFile(config, EXAMPLE)

/** A shell line in which "$@" is the command. */
async function shell(script: string, ...args: string[]) {
  const argv = ['-c', script, 'sh', process.execPath, '--import', VERSION, CLI, ...args]
  const child = spawn('bash', argv, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code, stdout, said: stderr.split('\n').filter(line => line !== '') }
}

test.each([
  ['a report', ['render']],
  ['one that would go on', ['status', '--watch', '--json']],
])('a reader that has seen enough of %s ends it quietly', async (_, args) => {
  const script = '"$@" --config sluice.yaml | head -n 1; exit "$PIPESTATUS"'
  const { code, said, stdout } = await shell(script, ...args)
  expect({ code, said, lines: stdout.split('\n').length }).toEqual({ code: 0, said: [], lines: 2 })
})

test('what fails still fails, whoever reads it', async () => {
  const args = ['config', 'check', '--json', '--config', join(directory, 'no.yaml')]
  expect((await shell('"$@" 2>&1 | true; exit "$PIPESTATUS"', ...args)).code).toBe(2)
})

test('a full disk is not a success', async () => {
  expect(await shell('"$@" > /dev/full', 'config', 'schema')).toEqual({
    code: 1,
    stdout: '',
    said: ['Cannot write standard output: no space is left there (ENOSPC)'],
  })
})

test('a working directory that was removed matters to relative names alone', async () => {
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

// proper-lockfile brings signal-exit, which ends a process that listens for a signal once.
test.each(['SIGINT', 'SIGTERM'] as const)('an updater that gets %s twice ends in order', async signal => {
  const own = await mkdtemp(join(directory, 'updater-'))
  const site = EXAMPLE.replace('/cluster/shared/ai', own).replace('nginx: private', `state: ${own}/state`)
  await writeFile(join(own, 'sluice.yaml'), site)
  const argv = ['--import', VERSION, CLI, 'updater', '--config', join(own, 'sluice.yaml')]
  const child = spawn(process.execPath, argv, { env: { PATH: '/nowhere' }, stdio: ['ignore', 'ignore', 'pipe'] })
  const closed = once(child, 'close')
  let said = ''
  for await (const part of child.stderr.setEncoding('utf8')) {
    const hadStarted = said.includes('updater started')
    said += part
    if (hadStarted || !said.includes('updater started')) continue
    child.kill(signal)
    child.kill(signal)
  }
  expect(await closed).toEqual([0, null])
  expect(said).toMatch(new RegExp(`"updater ended".*"reason":"${signal}"`))
})

test.each([
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
