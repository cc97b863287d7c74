import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readLastLines } from '../../../../src/adapters/engine/process/last-lines.ts'

it('gives the last lines of the last start without colours and what else terminals obey', async () => {
  const log = join(await mkdtemp(join(tmpdir(), 'sluice-text-')), 'engine.log')
  const lines = [
    'old',
    'sluice: starts',
    '\u001b[0;36mINFO\u001b[0m loads',
    '10 %\r20 %',
    '\u001b]52;c;aGk=\u0007CUDA error',
  ]
  await writeFile(log, lines.join('\n'))
  expect(await readLastLines(log)).toBe('INFO loads\n10 % 20 %\nCUDA error')
})
