import { mkdtemp, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Clock } from '../../../src/adapters/system/clock.ts'
import { openLooks } from '../../../src/commands/site/open-looks.ts'
import { summaryLooks } from '../../../src/commands/site/summary-looks.ts'
import { formatSummary } from '../../../src/core/status/status-summary.ts'
import { recordedContext } from '../../support/recorded-context.ts'

const WRITTEN_AT = new Date('2026-01-31T12:00:00.000Z')

/** A summary that was written then, and a clock that is `ageMs` further; each sleep is over at once, after `while asleep`. */
async function summary(ageMs: number, whileAsleep: (write: (beat: number) => Promise<void>) => Promise<void>) {
  const file = join(await mkdtemp(join(tmpdir(), 'sluice-summary-')), 'main.json')
  const write = async (beat: number) => {
    const report = { site: 'beefcake2', gateways: [], tiers: [], problems: [] }
    const frame = {
      gateway: 'main',
      account: 'ai',
      writtenAt: WRITTEN_AT.toISOString(),
      everySeconds: 5,
      leaseSeconds: 20,
    }
    await writeFile(file, formatSummary(report, { ...frame, beat }))
    await utimes(file, WRITTEN_AT, WRITTEN_AT)
  }
  await write(1)
  let now = 0
  const clock: Clock = {
    now: () => now,
    date: () => new Date(WRITTEN_AT.getTime() + ageMs + now),
    async sleep(ms, signal) {
      // The deadline of a serial queue is not what is slept here.
      if (ms > 1_000) return new Promise(resolve => signal?.addEventListener('abort', () => resolve(), { once: true }))
      now += ms
      await whileAsleep(write)
    },
  }
  return { file, looks: await summaryLooks(file, clock, new AbortController().signal) }
}

it('is fresh within the lease', async () => {
  const { looks } = await summary(3_000, async () => undefined)
  expect((await looks.once()).summary).toMatchObject({ account: 'ai', ageMs: 3_000, isStale: false })
})

it('is stale when it stands still for two beats more', async () => {
  const { looks } = await summary(60_000, async () => undefined)
  const { summary: told, problems } = await looks.once()
  expect(told).toMatchObject({ ageMs: 70_000, isStale: true })
  expect(problems).toEqual([
    'The summary was last written at 2026-01-31T12:00:00.000Z: the updater of ai does not run, or cannot write; this is the state of that time',
  ])
})

it('is not taken for stale by the time of another machine’s clock', async () => {
  let beat = 1
  const { looks } = await summary(60_000, write => write(++beat))
  expect(await looks.once()).toMatchObject({ summary: { ageMs: 0, isStale: false }, problems: [] })
})

it('that cannot be read any more is shown as it was, and told', async () => {
  const { file, looks } = await summary(0, async () => undefined)
  await writeFile(file, '{"version":1')
  expect(await looks.again()).toMatchObject({
    site: 'beefcake2',
    problems: [`Cannot read the summary ${file}: not JSON`],
  })
})

it.each([
  ['--summary', (file: string) => ({ options: { summary: file }, env: {} })],
  [
    '$SLUICE_SUMMARY, where there is no configuration',
    (file: string) => ({ options: {}, env: { SLUICE_SUMMARY: file } }),
  ],
])('is found by %s', async (_, named) => {
  const { file } = await summary(0, async () => undefined)
  const { options, env } = named(file)
  const looks = await openLooks(options, recordedContext({ cwd: tmpdir(), env }))
  expect(await looks.again()).toMatchObject({ site: 'beefcake2' })
})

it('is named where there is nothing to look at', async () => {
  await expect(openLooks({}, recordedContext({ cwd: tmpdir() }))).rejects.toMatchObject({
    lines: [expect.stringContaining('sluice init'), expect.stringContaining('sluice status --summary FILE')],
  })
  await expect(openLooks({ summary: '/nowhere/main.json' }, recordedContext())).rejects.toThrow(
    'Cannot read the summary /nowhere/main.json: it does not exist; an updater publishes it once it runs',
  )
})
