import { appendFile, chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../../support/until.ts'
import { SHARED_DIRECTORY, SLURM_LOGS } from '../cluster/directories.ts'
import { startSlurmctld, stopSlurmctld } from '../cluster/slurm-daemons.ts'
import { lostOf, underLoad } from '../site/clients.ts'
import { nginxPid, openSite, type Site } from '../site/site.ts'

/** One squeue may take its whole minute. */
const PATIENCE = { timeoutMs: 150_000 }
const SLURM_CONF = '/etc/slurm/slurm.conf'
const OTHER_SQUEUE = '/tmp/other-squeue'
let site: Site

beforeAll(async () => {
  site = await openSite(undefined, { timing: { squeueSeconds: 1, beatSeconds: 1, leaseSeconds: 5 } })
  await site.startUpdater()
  await site.submit('fast', 2)
  await site.serving(2)
})
afterAll(() => site.close())

// Whatever squeue does, the last good routing stays ("unknown is not none", docs/design/rules.md).
describe('a squeue that', () => {
  it.each([
    ['fails', 'echo "slurm_load_jobs error: Unable to contact slurm controller (connect failure)" >&2; exit 1'],
    ['prints nothing and an error, and exits 0', 'echo "squeue: error: Zero Bytes were transmitted" >&2'],
    ['prints garbage', 'head -c 100000 /dev/urandom'],
    ['prints half of an answer', 'echo "JOBID|ST"; echo "12|RUNN"'],
    ['is killed', 'kill -KILL $$'],
    // One that is begun when its trouble is known need not take its minute as well: it answers when squeue does.
    ['hangs', `while [ -e ${OTHER_SQUEUE} ]; do sleep 0.2; done; exec "$0" "$@"`],
  ])('%s is told once, and costs nothing', async (_, script) => {
    const before = await state()
    const earlier = (await troubles()).length
    const outcomes = await underLoad(async () => {
      const restore = await replaceSqueue(script)
      try {
        await until(
          'the trouble to be told',
          async () => (await troubles()).slice(earlier).includes('trouble'),
          PATIENCE,
        )
        const beat = await routesBeat()
        await until('more scans', async () => (await routesBeat()) > beat + 2, PATIENCE)
      } finally {
        await restore()
      }
      await until('its recovery', async () => (await troubles()).at(-1), {
        ...PATIENCE,
        holds: last => last === 'recovered',
      })
    })
    expect(await state()).toEqual(before)
    expect((await troubles()).slice(earlier)).toEqual(['trouble', 'recovered'])
    expect(lostOf(outcomes)).toEqual([])
  })

  it('is rate limited by slurmctld, with others of the account asking all the time, changes nothing', async () => {
    const before = await state()
    const configuration = await readFile(SLURM_CONF, 'utf8')
    const stop = new AbortController()
    const outcomes = await underLoad(async () => {
      await appendFile(
        SLURM_CONF,
        'SlurmctldParameters=rl_enable,rl_bucket_size=2,rl_refill_rate=1,rl_refill_period=5\n',
      )
      await stopSlurmctld()
      await startSlurmctld()
      const others = Array.from({ length: 4 }, () => askUntil(stop.signal))
      try {
        await until('a limited answer', () => limited(), PATIENCE)
        const beat = await routesBeat()
        await until('more scans', async () => (await routesBeat()) > beat + 3, PATIENCE)
      } finally {
        stop.abort()
        await Promise.all(others)
        await writeFile(SLURM_CONF, configuration)
        await stopSlurmctld()
        await startSlurmctld()
      }
    })
    expect(await state()).toEqual(before)
    expect(lostOf(outcomes)).toEqual([])
  })
})

async function replaceSqueue(script: string): Promise<() => Promise<void>> {
  const { stdout: squeue } = await execa('which', ['squeue'])
  await writeFile(OTHER_SQUEUE, `#!/bin/sh\n${script}\n`)
  await chmod(OTHER_SQUEUE, 0o755)
  await execa('mount', ['--bind', OTHER_SQUEUE, squeue])
  return async () => {
    await execa('umount', ['--lazy', squeue])
    await rm(OTHER_SQUEUE)
  }
}

async function askUntil(signal: AbortSignal): Promise<void> {
  while (!signal.aborted)
    await execa('setpriv', ['--reuid=ai', '--regid=ai', '--init-groups', 'squeue'], {
      reject: false,
      cancelSignal: signal,
    })
}

/** slurmctld says so in its log. */
async function limited(): Promise<boolean> {
  return /rate limit exceeded/i.test(await readFile(join(SLURM_LOGS, 'slurmctld.log'), 'utf8'))
}

async function troubles(): Promise<string[]> {
  return (await site.events('updater-main')).filter(one => one['what'] === 'squeue').map(one => one.event)
}

async function state() {
  return { master: nginxPid(), served: await site.served(), generation: await site.generation() }
}

async function routesBeat(): Promise<number> {
  return JSON.parse(await readFile(join(SHARED_DIRECTORY, 'routes/main.json'), 'utf8')).beat
}
