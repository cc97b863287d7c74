import { spawn } from 'node:child_process'
import { mkdtemp, readFile, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { startEngine } from '../../src/adapters/engine/process/engine-process.ts'
import { systemClock } from '../../src/adapters/system/clock.ts'
import { identify, listProcesses, readCommandLine } from '../../src/adapters/system/processes.ts'
import { trackProcesses } from '../../src/library/process-tracker.ts'
import { until } from '../support/until.ts'

const WAIT = { timeoutMs: 10_000, intervalMs: 20 }
/** Hears no TERM and has forgotten whose it is: a session of its own, an environment without a marker. */
const escaping = (title: string, output = '') =>
  `env -i PATH="$PATH" setsid bash -c 'trap "" TERM; exec -a "${title}" sleep 600' ${output}`
const cleanups: (() => void)[] = []

afterEach(() => {
  for (const clean of cleanups.splice(0)) clean()
})

async function track(script: string) {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-test-'))
  const marker = `SLUICE_SERVER=test-${process.pid}-${directory.slice(-6)}`
  const logFile = join(directory, 'log')
  const env = { PATH: process.env['PATH'] ?? '' }
  const launch = { command: 'bash', argv: ['-c', script], env, marker, blocksNotice: false, logFile }
  const engine = await startEngine(launch, systemClock)
  cleanups.push(() => void engine.stop(0))
  return {
    engine,
    marker,
    tracker: trackProcesses({ pid: engine.pid, marker, logFile: await realpath(logFile) }, systemClock),
    log: () => readFile(logFile, 'utf8'),
  }
}

async function pidsOf(title: string): Promise<number[]> {
  const all = await Promise.all(
    (await listProcesses()).map(async ({ pid }) => ({ pid, title: (await readCommandLine(pid)).join(' ') })),
  )
  return all.filter(one => one.title.startsWith(title)).map(({ pid }) => pid)
}

describe('a tracker', () => {
  it('finds nothing where the stop was enough, and says how many there were', async () => {
    const { engine, tracker, log } = await track('sleep 600 & sleep 600 & echo on; wait')
    await until('it has its children', async () => (await log()) === 'on\n', WAIT)
    await until('they were seen', () => tracker.observed() >= 3, WAIT)
    await engine.stop(5_000)
    const { killed, left } = await tracker.settle()
    expect({ killed, left }).toEqual({ killed: [], left: [] })
  })

  it('names and kills a child that forked twice, left its session, scrubbed its environment and hears no TERM', async () => {
    const title = `VLLM::EngineCore-${process.pid}`
    // Its parent stays until it was seen.
    const { engine, tracker } = await track(`(${escaping(title, '>/dev/null 2>&1')} & sleep 600) & exec sleep 600`)
    await until('it is up', async () => (await pidsOf(title)).length === 1, WAIT)
    const [pid = 0] = await pidsOf(title)
    await until('all were seen', () => tracker.observed() >= 5, WAIT)
    await engine.stop(50)
    expect(await identify(pid), 'the stop did not find it').toBeDefined()
    const { killed, left } = await tracker.settle()
    // It may have been seen first when it had forked and not yet left.
    const foundBy = expect.stringMatching(/^(descendant|group)$/)
    expect(killed).toEqual([{ pid, title: `${title} 600`, foundBy }])
    expect(left).toEqual([])
    expect(await identify(pid)).toBeUndefined()
  })

  it('finds one that was too quick to be seen as a child by the log that it writes to', async () => {
    const title = `VLLM::Worker-${process.pid}`
    const { engine, tracker } = await track(`(${escaping(title)} &); exec sleep 600`)
    await until('it is up', async () => (await pidsOf(title)).length === 1, WAIT)
    const [pid = 0] = await pidsOf(title)
    await engine.stop(5_000)
    const { killed } = await tracker.settle()
    expect(killed.map(one => one.pid)).toEqual([pid])
    expect(await identify(pid)).toBeUndefined()
  })

  it('names a stranger with the title of an engine, and leaves it alone', async () => {
    const title = `VLLM::EngineCore-stranger-${process.pid}`
    const stranger = spawn('sleep', ['600'], { argv0: title, stdio: 'ignore' })
    cleanups.push(() => stranger.kill('SIGKILL'))
    const { engine, tracker } = await track('exec sleep 600')
    await engine.stop(5_000)
    const { killed, strangers } = await tracker.settle()
    expect(killed).toEqual([])
    expect(strangers).toContainEqual({ pid: stranger.pid, title: `${title} 600` })
    expect(await identify(stranger.pid ?? 0)).toBeDefined()
  })

  it('finds by its marker what was never seen as a child', async () => {
    const { engine, tracker, marker } = await track('exec sleep 600')
    const [name = '', value = ''] = marker.split('=')
    const late = spawn('sleep', ['600'], { env: { ...process.env, [name]: value }, detached: true, stdio: 'ignore' })
    cleanups.push(() => late.kill('SIGKILL'))
    const { killed } = await tracker.settle()
    expect(killed.map(({ pid, foundBy }) => ({ pid, foundBy }))).toContainEqual({
      pid: late.pid,
      foundBy: 'marker',
    })
    await engine.stop(0)
  })
})
