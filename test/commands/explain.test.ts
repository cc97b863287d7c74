import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { explainJob } from '../../src/commands/explain.ts'
import { recordedContext } from './recorded-context.ts'

test('a site without a registry is a fresh one, and no trouble', async () => {
  const home = await mkdtemp(join(tmpdir(), 'sluice-explain-'))
  try {
    await mkdir(join(home, 'shared/events'), { recursive: true })
    const event = { at: '2026-01-31T12:00:00Z', event: 'started', id: 'fast-13-0-0' }
    await writeFile(join(home, 'shared/events/fast-13-0.jsonl'), `${JSON.stringify(event)}\n`)
    await writeFile(
      join(home, 'sluice.yaml'),
      `site: lab\nshared: ${home}/shared\nruntime: ${home}\ngateway: { networks: [10.0.0.0/24] }\ntiers: { fast: { engine: demo, path: / } }\n`,
    )
    const context = recordedContext({ cwd: home, env: { PATH: '/nowhere' } })
    await explainJob('13', {}, context)
    expect(context.printed.filter(line => line.includes('ENOENT'))).toEqual([])
  } finally {
    await rm(home, { recursive: true })
  }
})
