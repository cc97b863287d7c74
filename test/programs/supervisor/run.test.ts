import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { spec } from '../../support/replica-spec.ts'
import { runSluice } from '../../support/run-sluice.ts'

it('says in the shared directory why it could not begin: what it prints stays on its node', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const input = JSON.stringify({ ...spec, shared, command: process.execPath })
  const { code } = await runSluice(['supervise', '--without-slurm', '0'], { input, env: { TMPDIR: '/nowhere' } })
  expect(code).toBe(1)
  const [events = ''] = await readdir(join(shared, 'events'))
  expect(JSON.parse(await readFile(join(shared, 'events', events), 'utf8'))).toMatchObject({
    event: 'failed',
    message: expect.stringMatching(/^Cannot make scratch space in "\/nowhere": .*ENOENT.*TMPDIR/),
  })
}, 180_000)
