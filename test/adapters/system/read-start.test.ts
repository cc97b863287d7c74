import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readStart } from '../../../src/adapters/system/read-start.ts'

it('reads no more than the beginning, and all of what is shorter', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'sluice-test-')), 'file')
  await writeFile(path, Buffer.concat([Buffer.of(0xe4), Buffer.alloc(100_000, 'x')]))
  expect(readStart(path, 4)).toBe('äxxx')
  expect(readStart(path, 200_000).length).toBe(100_001)
  expect(readStart('/proc/self/stat', 1024)).toContain(`${process.pid} (`)
})
