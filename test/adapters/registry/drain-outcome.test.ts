import { execFileSync } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeRegistry } from '../../../src/adapters/registry/directories.ts'
import { readDrainOutcome } from '../../../src/adapters/registry/drain-outcome.ts'

it('each endpoint of a replica was drained in its own way, or never said', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  await makeRegistry(shared)
  const drained = (id: string, outcome: string) => `{"at":"x","event":"drained","id":"${id}","outcome":"${outcome}"}\n`
  const lines = [drained('fast-7-0-1', 'deadline'), drained('fast-7-0-0', 'idle'), '{"event":"requeued"}\n']
  await writeFile(join(shared, 'events/fast-7-0.jsonl'), lines.join(''))
  expect(await readDrainOutcome(shared, 'fast-7-0-0')).toBe('idle')
  expect(await readDrainOutcome(shared, 'fast-7-0-1')).toBe('deadline')
  expect(await readDrainOutcome(shared, 'fast-7-0-2')).toBe('lost')
})

it('a pipe in the place of events is waited for by nobody', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  await makeRegistry(shared)
  execFileSync('mkfifo', [join(shared, 'events/fast-7-0.jsonl')])
  await expect(readDrainOutcome(shared, 'fast-7-0-0')).rejects.toThrow('it is a pipe, not a regular file')
})
