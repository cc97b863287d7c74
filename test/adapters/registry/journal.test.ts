import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openJournal } from '../../../src/adapters/registry/journal.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { createSerialQueue } from '../../../src/adapters/system/serial-queue.ts'
import type { LogLevel } from '../../../src/core/domain/log-level.ts'

async function open(level?: LogLevel) {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const printed: string[] = []
  const print = (line: string) => void printed.push(JSON.parse(line).event)
  const journal = openJournal(
    { shared, writer: 'w', print, ...(level === undefined ? {} : { level }) },
    systemClock,
    createSerialQueue(systemClock, 5_000),
  )
  const written = async () => {
    await journal.close()
    const text = await readFile(join(shared, 'events/w.jsonl'), 'utf8')
    return text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
  }
  return { journal, shared, printed, written }
}

it('keeps what could not be written until the directory is there, and prints its trouble once', async () => {
  const { journal, shared, printed, written } = await open()
  for (const event of ['one', 'two', 'three']) {
    journal.record(event, {})
    await journal.close()
  }
  expect(printed).toEqual(['one', 'trouble', 'two', 'three'])
  await mkdir(join(shared, 'events'))
  journal.record('four', { id: 'x' })
  expect((await written()).map(line => line.event)).toEqual(['one', 'two', 'three', 'four'])
  expect((await written()).at(-1)).toMatchObject({ event: 'four', id: 'x' })
})

it('does not wait for a pipe without a reader, and goes on when that is gone', async () => {
  const { journal, shared, printed, written } = await open()
  await mkdir(join(shared, 'events'))
  execFileSync('mkfifo', [join(shared, 'events/w.jsonl')])
  journal.record('one', {})
  await journal.close()
  expect(printed).toEqual(['one', 'trouble'])
  await rm(join(shared, 'events/w.jsonl'))
  journal.record('two', {})
  expect((await written()).map(line => line.event)).toEqual(['one', 'two'])
})

it('says how many of the oldest it had to drop', async () => {
  const { journal, shared, written } = await open()
  for (let count = 0; count < 1_010; count += 1) {
    journal.record(`event ${count}`, {})
    if (count % 100 === 0) await journal.close()
  }
  await journal.close()
  await mkdir(join(shared, 'events'))
  journal.record('last', {})
  const lines = await written()
  expect(lines[0]).toMatchObject({ event: 'events dropped', dropped: 11 })
  expect(
    lines
      .slice(1)
      .map(line => line.event)
      .slice(0, 1),
  ).toEqual(['event 11'])
  expect(lines).toHaveLength(1_001)
})

it('prints what it drops at each level, once', async () => {
  const { journal, printed } = await open('error')
  for (let count = 0; count < 1_002; count += 1) journal.record(count === 1 ? 'cannot' : `event ${count}`, {})
  await journal.close()
  expect(printed).toEqual(['cannot', 'event 0', 'trouble'])
})

it.each([
  ['error', ['trouble']],
  ['warn', ['trouble', 'tier down']],
  ['info', ['trouble', 'tier down', 'ready']],
  ['debug', ['trouble', 'tier down', 'ready', 'scanned']],
] as const)('prints at level %s what belongs to it, and writes every event', async (level, lines) => {
  const { journal, shared, printed, written } = await open(level)
  await mkdir(join(shared, 'events'))
  for (const event of ['trouble', 'tier down', 'ready']) journal.record(event, {})
  journal.debug('scanned', {})
  expect(printed).toEqual(lines)
  expect((await written()).map(line => line.event)).toEqual(['trouble', 'tier down', 'ready'])
})
