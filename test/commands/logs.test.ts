import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { logs } from '../../src/commands/logs.ts'
import { UserError } from '../../src/core/domain/user-error.ts'
import { jobRow, openSmallSite } from '../support/small-site.ts'

const EVENT = '{"at":"2026-01-31T12:00:00.000Z","event":"ready","id":"fast-7-0-0"}'

/** A site whose job 7 has an event and the log of an engine that has ended. */
async function openWrittenSite() {
  const site = await openSmallSite()
  await site.slurm.does('squeue', jobRow('7', 'RUNNING'))
  await writeFile(join(site.shared, 'events/fast-7-0.jsonl'), `${EVENT}\n`)
  await mkdir(join(site.shared, 'logs/7'), { recursive: true })
  await writeFile(join(site.shared, 'logs/7/engine-0.log'), 'one\ntwo\nthree\n')
  return site
}

it.each(['fast', '7', 'fast-7-0', 'fast-7-0-0'])('shows what the job of %s has written', async name => {
  await using site = await openWrittenSite()
  await logs(name, { lines: '2' }, site.context)
  expect(site.context.printed).toEqual([
    'fast-7-0 | 2026-01-31T12:00:00Z ready (id fast-7-0-0)',
    '7/engine-0.log | two',
    '7/engine-0.log | three',
  ])
  expect(site.context.warned).toEqual([])
})

it('prints events as they are written with --json', async () => {
  await using site = await openWrittenSite()
  await logs('7', { lines: '1', json: true }, site.context)
  expect(site.context.printed).toEqual([`fast-7-0 | ${EVENT}`, '7/engine-0.log | three'])
})

it('goes on with --follow until a signal', async () => {
  await using site = await openWrittenSite()
  const interrupted = new AbortController()
  const print = (line: string) => {
    site.context.print(line)
    if (line.includes('three')) interrupted.abort()
  }
  await logs('7', { follow: true }, { ...site.context, print, signal: interrupted.signal })
  expect(site.context.printed.at(-1)).toBe('7/engine-0.log | three')
})

it('says which job has written nothing yet', async () => {
  await using site = await openSmallSite()
  await site.slurm.does('squeue', jobRow('8', 'PENDING'))
  await logs('fast', {}, site.context)
  expect(site.context.printed).toEqual([])
  expect(site.context.warned).toEqual(['Job 8, which is PENDING, has written nothing yet'])
})

it('goes by the shared directory where Slurm does not answer', async () => {
  await using site = await openWrittenSite()
  await site.slurm.does('squeue', 'echo "squeue: error: no controller" >&2; exit 1')
  await logs('7', {}, site.context)
  expect(site.context.printed[0]).toContain('ready')
  expect(site.context.warned).toEqual([expect.stringMatching(/no controller"; only the shared directory is used$/)])
})

it('refuses a name that nothing has', async () => {
  await using site = await openWrittenSite()
  await expect(logs('fats', {}, site.context)).rejects.toThrow(UserError)
  expect(site.context.printed).toEqual([])
})

it.each(['', 'all', '-1', '1.5'])('refuses --lines "%s"', async lines => {
  await using site = await openWrittenSite()
  await expect(logs('fast', { lines }, site.context)).rejects.toThrow(
    new UserError(`Cannot show "${lines}" lines: --lines takes a whole number`),
  )
})
