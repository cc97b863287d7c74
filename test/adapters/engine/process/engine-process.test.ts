import { spawn } from 'node:child_process'
import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startEngine } from '../../../../src/adapters/engine/process/engine-process.ts'
import { systemClock } from '../../../../src/adapters/system/clock.ts'
import { findMarked, identify } from '../../../../src/adapters/system/processes.ts'
import { until } from '../../../support/until.ts'

const directory = await mkdtemp(join(tmpdir(), 'sluice-test-'))
const WAIT = { timeoutMs: 10_000 }
let engines = 0

async function start(script: string, blocksNotice = false) {
  engines += 1
  const marker = `SLUICE_ENDPOINT=test-${process.pid}-${engines}`
  const logFile = join(directory, `${engines}.log`)
  const env = { PATH: process.env['PATH'] ?? '' }
  const argv = ['-c', script]
  const engine = await startEngine({ command: '/bin/sh', argv, env, marker, blocksNotice, logFile }, systemClock)
  return { engine, marker, log: () => readFile(logFile, 'utf8') }
}

it('runs the command as the leader of its own group, with only the environment that it was given', async () => {
  const { engine, log } = await start('echo $$; ps -o pgid= -p $$; env; exit 3')
  expect(await engine.exited).toBe('Exited with code 3')
  const [pid, group, ...env] = (await log()).trim().split('\n')
  expect(Number(pid)).toBe(engine.pid)
  expect(Number(group)).toBe(engine.pid)
  expect(env.map(line => line.split('=')[0]).sort()).toEqual(['PATH', 'PWD', 'SLUICE_ENDPOINT', 'SPT_NOENV'])
  expect(await engine.stop(1_000)).toEqual([])
})

it('stops an engine that heeds TERM, and kills one that does not', async () => {
  const heeds = await start('sleep 600')
  expect(await heeds.engine.stop(10_000)).toEqual([])
  expect(await heeds.engine.exited).toBe('Killed by SIGTERM')
  const ignores = await start('trap "" TERM; echo on; sleep 600; sleep 600')
  await until('the trap is set', async () => (await ignores.log()) === 'on\n', WAIT)
  expect(await ignores.engine.stop(50)).toEqual([])
  expect(await ignores.engine.exited).toBe('Killed by SIGKILL')
})

it('keeps from an engine and its children a TERM that others send, and kills it all the same', async () => {
  const { engine, marker, log } = await start('sleep 600 & echo $$ $!; exec sleep 600', true)
  await until('both pids', async () => (await log()).endsWith('\n'), WAIT)
  const pids = (await log()).trim().split(' ').map(Number)
  expect(pids[0]).toBe(engine.pid)
  for (const pid of pids) process.kill(pid, 'SIGTERM')
  // 15 is TERM, bit 14 of the mask: pending for the process, and blocked.
  for (const pid of pids) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    for (const set of ['ShdPnd', 'SigBlk'])
      expect(Number.parseInt(status.match(`${set}:\\s+(\\w+)`)?.[1]?.slice(-4) ?? '', 16) & 0x4000).toBe(0x4000)
  }
  expect(await engine.stop(0)).toEqual([])
  expect(await engine.exited).toBe('Killed by SIGKILL')
  expect(await findMarked(marker)).toEqual([])
})

it('keeps it from one that undoes the block, as dash does when it waits, and Java does when it starts', async () => {
  const { engine, log } = await start('(sleep 1; echo on) ; sleep 600; echo ended', true)
  await until('it has waited', async () => (await log()) === 'on\n', WAIT)
  process.kill(engine.pid, 'SIGTERM')
  process.kill(engine.pid, 'SIGCONT')
  const ignored = /SigIgn:\s+\w+([4-7c-f])\w{3}$/m
  expect(await readFile(`/proc/${engine.pid}/status`, 'utf8')).toMatch(ignored)
  expect(await engine.stop(0)).toEqual([])
  expect(await engine.exited).toBe('Killed by SIGKILL')
})

it('asks an engine that blocks notices to leave by INT', async () => {
  const { engine } = await start('exec sleep 600', true)
  expect(await engine.stop(10_000)).toEqual([])
  expect(await engine.exited).toBe('Killed by SIGINT')
})

it('hunts down what forked twice and left the group', async () => {
  const { engine, marker, log } = await start('setsid sh -c "trap \\"\\" TERM; echo deaf; sleep 600" & sleep 600')
  await until('it has left and hears no TERM', async () => (await log()).includes('deaf'), WAIT)
  expect((await engine.stop(50)).length).toBeGreaterThan(0)
  expect(await findMarked(marker)).toEqual([])
})

it('leaves nothing when the supervisor is killed, not even what left the group', async () => {
  const marker = `SLUICE_ENDPOINT=test-${process.pid}-orphan`
  const script = `
    const { startEngine } = await import('${join(import.meta.dirname, '../../../../src/adapters/engine/process/engine-process.ts')}')
    const { systemClock } = await import('${join(import.meta.dirname, '../../../../src/adapters/system/clock.ts')}')
    const argv = ['-c', 'setsid sleep 600 & sleep 600 & sleep 600']
    await startEngine({ command: '/bin/sh', argv, env: process.env, marker: '${marker}', blocksNotice: true, logFile: '/dev/null' }, systemClock)
    setInterval(() => {}, 1000)`
  const supervisor = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
  await until('the engine and all its children run', async () => (await findMarked(marker)).length >= 5, WAIT)
  supervisor.kill('SIGKILL')
  await until('nothing is left', async () => (await findMarked(marker)).length === 0, WAIT)
})

describe('what a KILL would leave behind', () => {
  const cleaned = (name: string) => join(directory, name)
  const cleanUp = (name: string) => ['/bin/sh', '-c', 'printf %s "$2 $KEY" > "$1"', 'x', cleaned(name), "a b'c"]

  it('is cleaned up after a stop, by exactly the words that were given, with the environment of the engine', async () => {
    const env = { PATH: process.env['PATH'] ?? '', KEY: 'k' }
    const launch = { ...{ command: '/bin/sh', argv: ['-c', 'exec sleep 600'], env }, cleanUp: cleanUp('stopped') }
    const more = { marker: `SLUICE_ENDPOINT=test-${process.pid}-clean`, blocksNotice: true, logFile: '/dev/null' }
    const engine = await startEngine({ ...launch, ...more }, systemClock)
    await expect(readFile(cleaned('stopped'))).rejects.toThrow('ENOENT')
    await engine.stop(0)
    expect(await readFile(cleaned('stopped'), 'utf8')).toBe("a b'c k")
  })

  it('is cleaned up when the supervisor is killed, and the engine still got its own arguments', async () => {
    const marker = `SLUICE_ENDPOINT=test-${process.pid}-abandoned`
    const script = `
      const { startEngine } = await import('${join(import.meta.dirname, '../../../../src/adapters/engine/process/engine-process.ts')}')
      const { systemClock } = await import('${join(import.meta.dirname, '../../../../src/adapters/system/clock.ts')}')
      const argv = ['-c', 'echo "$0 $1"; exec sleep 600', 'one', 'two words']
      const env = { ...process.env, KEY: 'k' }
      const cleanUp = ${JSON.stringify(cleanUp('abandoned'))}
      const logFile = '${cleaned('abandoned.log')}'
      await startEngine({ command: '/bin/sh', argv, env, cleanUp, marker: '${marker}', blocksNotice: false, logFile }, systemClock)
      setInterval(() => {}, 1000)`
    const supervisor = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
    const said = () => readFile(cleaned('abandoned.log'), 'utf8').catch(() => '')
    await until('the engine', async () => (await said()) === 'one two words\n', WAIT)
    supervisor.kill('SIGKILL')
    const file = () => readFile(cleaned('abandoned'), 'utf8').catch(() => '')
    await until('the clean-up', async () => (await file()) === "a b'c k", WAIT)
    await until('nothing is left', async () => (await findMarked(marker)).length === 0, WAIT)
  })
})

it('tells one process from another that got its pid', async () => {
  const id = await identify(process.pid)
  expect(id).toMatchObject({ pid: process.pid })
  expect(await identify(2 ** 22 + 1)).toBeUndefined()
})

it('says that a command cannot be started', async () => {
  const { engine, log } = await start('exec /does/not/exist')
  expect(await engine.exited).toMatch(/Exited with code 12[67]/)
  expect(await log()).toContain('/does/not/exist')
  await engine.stop(0)
})
