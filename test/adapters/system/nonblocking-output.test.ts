import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createNonblockingOutput } from '../../../src/adapters/system/nonblocking-output.ts'
import { settle } from '../../support/manual-clock.ts'

const directory = await mkdtemp(join(tmpdir(), 'sluice-test-'))

it('writes every line, in order', async () => {
  const file = join(directory, 'out')
  const fd = openSync(file, 'w')
  const output = createNonblockingOutput(fd)
  for (let n = 0; n < 500; n += 1) output.print(`line ${n}`)
  await output.flush()
  expect(readFileSync(file, 'utf8')).toBe(Array.from({ length: 500 }, (_, n) => `line ${n}\n`).join(''))
  closeSync(fd)
})

it('writes nothing that a terminal obeys, and JSON stays what it was', async () => {
  const file = join(directory, 'shown')
  const fd = openSync(file, 'w')
  const output = createNonblockingOutput(fd)
  const event = { message: '\u009b2J \u001b[2J \u202eabc' }
  output.print(JSON.stringify(event))
  output.print('a\u001b]0;b\u0007c\nd')
  await output.flush()
  const [first = '', ...others] = readFileSync(file, 'utf8').split('\n')
  expect([JSON.parse(first), others]).toEqual([event, ['ac\\nd', '']])
  expect(first).toMatch(/^[\x20-\x7e]*$/)
  closeSync(fd)
})

it('does not wait for an output that takes nothing, and goes on when it does', async () => {
  const fifo = join(directory, 'fifo')
  execFileSync('mkfifo', [fifo])
  const fd = openSync(fifo, constants.O_RDWR) // a pipe that is full takes nothing until somebody reads
  const output = createNonblockingOutput(fd)
  const line = 'x'.repeat(1_000)
  for (let n = 0; n < 200; n += 1) output.print(line)
  await settle() // we are here: nobody waited
  const buffer = Buffer.alloc(1_001)
  for (let n = 0; n < 200; n += 1) {
    for (let had = 0; had < buffer.length; ) had += readSync(fd, buffer, had, buffer.length - had, null)
    expect(buffer.toString()).toBe(`${line}\n`)
    await settle()
  }
  await output.flush()
  closeSync(fd)
})
