import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { writtenOut } from '../../../src/adapters/system/written-out.ts'

const SRC = join(import.meta.dirname, '../../../src')
const LINES = 3_000
const PRINTS = `
  import { linePrinter } from '${SRC}/core/text/line-printer.ts'
  import { writtenOut } from '${SRC}/adapters/system/written-out.ts'
  const print = linePrinter(process.stdout)
  for (let line = 0; line < ${LINES}; line += 1) print('line ' + line)
  process.stderr.write('printed')
  await writtenOut([process.stdout, process.stderr])
  process.exit(0)
`

it('what a command prints arrives in whole, however late its reader comes', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PRINTS], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await once(child.stderr, 'readable')
  expect((await text(child.stdout)).split('\n')).toHaveLength(LINES + 1)
})

it('waits for nothing where nothing is left', async () => {
  await writtenOut([{ writableLength: 0, write: () => expect.unreachable(), once: () => expect.unreachable() }])
})

it('ends where the reader has gone', async () => {
  const listeners: (() => void)[] = []
  const output = {
    writableLength: 9,
    write: () => false,
    once: (_: 'error', heard: () => void) => listeners.push(heard),
  }
  const over = writtenOut([output])
  for (const heard of listeners) heard()
  await over
})
