import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { explainJob } from '../../src/commands/explain.ts'
import { logs } from '../../src/commands/logs.ts'
import { TIER } from '../support/example-config.ts'
import { recordedContext } from '../support/recorded-context.ts'

/** A site whose job 13 was of a tier that sluice.yaml does not have any more; squeue is not there. */
async function site() {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-removed-'))
  await mkdir(join(shared, 'events'))
  const event = (minute: number, name: string, detail: object = {}) =>
    `${JSON.stringify({ at: `2026-01-31T12:0${minute}:00.000Z`, event: name, ...detail })}\n`
  const id = 'gone-13-0-0'
  const lines = [
    event(1, 'ready', { id }),
    event(3, 'engine exited', { id, message: 'Killed by SIGSEGV: x' }),
    event(4, 'failed'),
  ]
  await writeFile(join(shared, 'events/gone-13-0.jsonl'), lines.join(''))
  await writeFile(join(shared, 'events/updater-main.jsonl'), event(2, 'standing', { id, standing: 'Routed' }))
  await writeFile(
    join(shared, 'sluice.yaml'),
    `${TIER.replace(/^shared: .*$/m, `shared: ${shared}`)}    model: { name: m, file: /m }\n`,
  )
  return recordedContext({ cwd: shared, env: { PATH: shared } })
}

it.each(['13', 'gone', 'gone-13-0'])('explains %s', async name => {
  const context = await site()
  await explainJob(name, {}, context)
  expect(context.printed[0]).toBe('Job 13 (gone): Its engine crashed (SIGSEGV) [engine-crashed]')
  expect(context.printed.join('\n')).toContain('Tier "gone" is no longer in sluice.yaml')
})

it('shows its logs in the order of time', async () => {
  const context = await site()
  await logs('13', {}, context)
  expect(context.printed).toEqual([
    'gone-13-0 | 2026-01-31T12:01:00Z ready (id gone-13-0-0)',
    'updater-main | 2026-01-31T12:02:00Z gone-13-0-0: Routed',
    'gone-13-0 | 2026-01-31T12:03:00Z engine exited (id gone-13-0-0): Killed by SIGSEGV: x',
    'gone-13-0 | 2026-01-31T12:04:00Z failed',
  ])
})
