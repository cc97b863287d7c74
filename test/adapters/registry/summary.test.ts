import { mkdtemp, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { summaryFile, writeSummary } from '../../../src/adapters/registry/summary.ts'

it('others may read it, whatever the umask', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-summary-'))
  const before = process.umask(0o077)
  try {
    await writeSummary(shared, 'main', '{}\n')
  } finally {
    process.umask(before)
  }
  const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)
  expect([await modeOf(join(shared, 'status')), await modeOf(summaryFile(shared, 'main'))]).toEqual(['755', '644'])
})
