import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createUpdaterMetrics } from '../../../src/adapters/metrics/metrics.ts'
import { serveMetrics } from '../../../src/adapters/metrics/metrics-server.ts'

function metrics() {
  return createUpdaterMetrics({ version: '1.2.3', site: 'beefcake2', gateway: 'main' })
}

/** The lines of one metric, without the labels that all of them have. */
async function linesOf(one: ReturnType<typeof metrics>, name: string): Promise<string[]> {
  const { text } = await one.render()
  return text
    .split('\n')
    .filter(line => line.startsWith(name))
    .map(line => line.replace(/,?site="beefcake2",gateway="main"/, ''))
}

describe('what an updater counts', () => {
  it('says which version runs where', async () => {
    const { text } = await metrics().render()
    expect(text).toContain('sluice_build_info{version="1.2.3",site="beefcake2",gateway="main"} 1')
  })

  it('shows routes and endpoints as they are now, not as they were', async () => {
    const one = metrics()
    one.routes({ fast: ['a', 'b'], reasoning: [] })
    one.scanned(
      [
        { tier: 'fast', state: 'ready' },
        { tier: 'fast', state: 'ready' },
        { tier: 'fast', state: 'loading' },
      ],
      1,
    )
    expect(await linesOf(one, 'sluice_routes')).toEqual([
      'sluice_routes{tier="fast"} 2',
      'sluice_routes{tier="reasoning"} 0',
    ])
    expect(await linesOf(one, 'sluice_endpoints')).toEqual([
      'sluice_endpoints{tier="fast",state="ready"} 2',
      'sluice_endpoints{tier="fast",state="loading"} 1',
    ])
    one.scanned([{ tier: 'fast', state: 'draining' }], 0)
    expect(await linesOf(one, 'sluice_endpoints')).toEqual(['sluice_endpoints{tier="fast",state="draining"} 1'])
    expect(await linesOf(one, 'sluice_bad_files')).toEqual(['sluice_bad_files{} 0'])
  })

  it('counts reloads, polls and drains', async () => {
    const one = metrics()
    one.reloaded(0.12)
    one.reloadFailed('test')
    one.polled(0.2, false)
    one.polled(60, true)
    one.scanFailed()
    one.drained('fast', 'idle')
    one.drained('fast', 'deadline')
    one.drained('fast', 'idle')
    const counted = [
      ...(await linesOf(one, 'sluice_reload_seconds_count')),
      ...(await linesOf(one, 'sluice_reload_failures_total')),
      ...(await linesOf(one, 'sluice_squeue_seconds_count')),
      ...(await linesOf(one, 'sluice_squeue_failures_total')),
      ...(await linesOf(one, 'sluice_scan_failures_total')),
      ...(await linesOf(one, 'sluice_drains_total')),
    ]
    expect(counted).toEqual([
      'sluice_reload_seconds_count{} 1',
      'sluice_reload_failures_total{step="test"} 1',
      'sluice_squeue_seconds_count{} 2',
      'sluice_squeue_failures_total{} 1',
      'sluice_scan_failures_total{} 1',
      'sluice_drains_total{tier="fast",outcome="idle"} 2',
      'sluice_drains_total{tier="fast",outcome="deadline"} 1',
    ])
  })
})

describe('the metrics server', () => {
  it('answers GET /metrics on loopback, and nothing else, until it is stopped', async () => {
    const stopped = new AbortController()
    const port = await freePort()
    await serveMetrics(port, metrics().render, stopped.signal)
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
    expect(answer.headers.get('content-type')).toContain('version=0.0.4')
    expect(await answer.text()).toContain('# TYPE sluice_routes gauge')
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404)
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status).toBe(404)
    await expect(serveMetrics(port, metrics().render, stopped.signal)).rejects.toThrow(
      `Cannot serve metrics on 127.0.0.1:${port}: EADDRINUSE`,
    )
    stopped.abort()
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow()
  })
})

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
