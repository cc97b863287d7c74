import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// vitest's globalSetup: a test run has a temporary directory of its own, and what tests leave there goes with it.
let directory = ''

export async function setup(): Promise<void> {
  directory = await mkdtemp(join(tmpdir(), 'sluice-tests-'))
  process.env['TMPDIR'] = directory
}

export async function teardown(): Promise<void> {
  await rm(directory, { recursive: true, force: true })
}
