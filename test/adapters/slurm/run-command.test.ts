import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { type Command, runCommand } from '../../../src/adapters/slurm/run-command.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { FakeSlurm } from '../../support/fake-slurm.ts'

const command = ({ env }: FakeSlurm, more: Partial<Command> = {}): Command => ({
  program: 'squeue',
  args: ['--me', 'a b', '$(id)', ''],
  env: env as Record<string, string>,
  timeoutMs: 20_000,
  clock: systemClock,
  ...more,
})

it('runs a program with its arguments as they are, its environment and nothing more, in /', async () => {
  await using slurm = await FakeSlurm.open()
  await slurm.does('squeue', 'pwd; echo oops >&2; exit 3')
  expect(await runCommand(command(slurm))).toEqual({ kind: 'exited', code: 3, stdout: '/\n', stderr: 'oops\n' })
  const [call] = await slurm.calls('squeue')
  expect(call?.argv).toEqual(['--me', 'a b', '$(id)', ''])
  expect(call?.env).toEqual({ ...slurm.env, PWD: '/' })
  expect(call?.stdin).toBe('')
})

it('hands its input over whole', async () => {
  await using slurm = await FakeSlurm.open()
  const input = '#!/bin/sh\n'.repeat(20_000)
  await slurm.does('sbatch', 'exit 0')
  await runCommand(command(slurm, { program: 'sbatch', input }))
  expect((await slurm.calls('sbatch'))[0]?.stdin).toBe(input)
})

it.each([
  ['hangs', 'exec sleep 600', 300],
  ['hangs and ignores TERM', `trap '' TERM; exec sleep 600`, 300],
])('ends a program that %s', async (_, lines, timeoutMs) => {
  await using slurm = await FakeSlurm.open()
  await slurm.does('squeue', `echo $$ >"$HOME/pid"; ${lines}`)
  const end = await runCommand(command(slurm, { timeoutMs }))
  expect(end).toEqual({ kind: 'cut', message: 'Cannot run squeue: no answer within 0.3 s' })
  expect(await isAlive(slurm)).toBe(false)
})

it.each([
  ['a program', false],
  ['one that blocks TERM too', true],
])('ends %s when its signal fires', async (_, blocksNotice) => {
  await using slurm = await FakeSlurm.open()
  await slurm.does('squeue', 'echo $$ >"$HOME/pid"; exec sleep 600')
  const abort = new AbortController()
  const end = runCommand(command(slurm, { signal: abort.signal, blocksNotice }))
  await expect.poll(() => readFile(join(slurm.home, 'pid'), 'utf8').catch(() => '')).not.toBe('')
  abort.abort()
  expect(await end).toEqual({ kind: 'cut', message: 'Cannot run squeue: interrupted' })
  expect(await isAlive(slurm)).toBe(false)
})

it('leaves a program behind that no signal ends', async () => {
  await using slurm = await FakeSlurm.open()
  await slurm.does('squeue', 'echo $$ >"$HOME/pid"; exec sleep 600')
  const abort = new AbortController()
  const slept: number[] = []
  const clock = { ...systemClock, sleep: async (ms: number) => void slept.push(ms) }
  const end = await runCommand(command(slurm, { clock, signal: abort.signal }))
  abort.abort()
  expect(end).toEqual({ kind: 'cut', message: 'Cannot run squeue: no answer within 20 s' })
  expect(slept).toEqual([20_000, 1_000])
})

it('ends a program that prints without end', async () => {
  await using slurm = await FakeSlurm.open()
  await slurm.does('squeue', 'exec yes')
  expect(await runCommand(command(slurm))).toEqual({
    kind: 'cut',
    message: 'Cannot run squeue: more than 16 MB of output',
  })
})

it('a program that is not there is no answer, and it is known that nothing was asked', async () => {
  await using slurm = await FakeSlurm.open()
  const env = { ...slurm.env, PATH: slurm.home } as Record<string, string>
  expect(await runCommand(command(slurm, { env }))).toEqual({
    kind: 'cut',
    message: 'Cannot run squeue: it is not on PATH',
    neverRan: true,
  })
})

it('a program that a signal ended is no answer', async () => {
  await using slurm = await FakeSlurm.open()
  await slurm.does('squeue', 'kill -9 $$')
  expect(await runCommand(command(slurm))).toEqual({
    kind: 'cut',
    message: 'Cannot run squeue: it was ended by SIGKILL',
  })
})

async function isAlive({ home }: FakeSlurm): Promise<boolean> {
  const pid = Number(await readFile(join(home, 'pid'), 'utf8'))
  try {
    return process.kill(pid, 0)
  } catch {
    return false // no such process
  }
}
