import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { holdLock } from '../../../src/adapters/system/process-lock.ts'

const MODULE = join(import.meta.dirname, '../../../src/adapters/system/process-lock.ts')

it('of a holder that was killed is had by the next one, however new it looks', async () => {
  const parent = await place()
  const holder = await heldByAnother(join(parent, 'main'))
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  await touchedInAnHour(join(parent, 'main.lock'))
  const lock = await hold(join(parent, 'main'))
  await lock.release()
  expect(await readdir(parent)).toEqual(['main'])
})

it('of a holder that lives is refused', async () => {
  const parent = await place()
  await heldByAnother(join(parent, 'main'))
  await expect(hold(join(parent, 'main'))).rejects.toThrow(/^Cannot run an updater: another one holds /)
})

/** Its age would not tell within the test that nobody holds it. */
async function touchedInAnHour(lock: string): Promise<void> {
  const inAnHour = new Date(Date.now() + 3_600_000)
  await utimes(lock, inAnHour, inAnHour)
}

function hold(directory: string) {
  return holdLock(directory, 'an updater', () => undefined)
}

async function place(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'sluice-lock-'))
  onTestFinished(() => rm(parent, { recursive: true }))
  return parent
}

async function heldByAnother(directory: string) {
  const script = `
    const { holdLock } = await import('${MODULE}')
    await holdLock('${directory}', 'an updater', () => undefined)
    console.log('held')
    setInterval(() => undefined, 1_000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  return holder
}
