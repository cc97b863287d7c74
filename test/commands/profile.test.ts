import { mkdtemp, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeRegistry } from '../../src/adapters/registry/directories.ts'
import { publishEndpoint } from '../../src/adapters/registry/publish.ts'
import { readOrCreateSiteKey } from '../../src/adapters/registry/site-key.ts'
import { type ProfileOptions, profile } from '../../src/commands/profile.ts'
import { fingerprintOf } from '../../src/core/domain/engine-key.ts'
import { endpoint } from '../support/endpoint.ts'
import { recordedContext } from '../support/recorded-context.ts'

const ID = endpoint.id

/** A site whose one endpoint is a server that answers as it is told, and asks for the engine key. */
async function openSite(engine: string, answers: Readonly<Record<string, number>>, change: object = {}) {
  const shared = await mkdtemp(join(tmpdir(), 'sluice-profile-'))
  await makeRegistry(shared)
  const key = await readOrCreateSiteKey(shared)
  const asked: string[] = []
  const begun = Promise.withResolvers<void>()
  const server = createServer(async (request, response) => {
    const body = (await request.toArray()).join('')
    asked.push(`${request.method} ${request.url} ${body}`.trim())
    const isKeyed = request.headers.authorization === `Bearer ${key}`
    response.writeHead(isKeyed ? (answers[request.url ?? ''] ?? 404) : 401).end('in words')
    if (request.url === '/start_profile') begun.resolve()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await publishEndpoint(shared, { ...endpoint, engine, url, key: fingerprintOf(key), ...change })
  const file = join(shared, 'sluice.yaml')
  await writeFile(
    file,
    `site: one
shared: ${shared}
runtime: /opt/sluice
gateway: { networks: [10.0.0.0/24] }
tiers:
  fast:
    engine: vllm
    path: /
    model: { name: m, file: /scratch/models/m }
    args: { profiler-config: { profiler: torch, torch_profiler_dir: /scratch/traces } }
    slurm: { gpus: 1, mem: 64G }
`,
  )
  const ending = new AbortController()
  const context = recordedContext({ cwd: shared, signal: ending.signal })
  const run = (options: Partial<ProfileOptions> = {}) =>
    profile(ID, { config: file, seconds: '0.05', ...options }, context)
  return { shared, key, asked, begun: begun.promise, ending, context, run }
}

const BOTH = { '/start_profile': 200, '/stop_profile': 200 }

describe('sluice profile', () => {
  it('has vLLM record, and says where it writes as sluice.yaml has it', async () => {
    const { run, asked, context } = await openSite('vllm', BOTH)
    await run()
    expect(asked).toEqual(['POST /start_profile', 'POST /stop_profile'])
    expect(context.printed).toEqual([
      `${ID} (vllm on vasp-02) records for 0.05 s; Ctrl-C ends it sooner`,
      `${ID} writes its traces, which takes a while`,
      expect.stringMatching(/^fast-4242-1-0 has recorded 0\.\d s; traces: \/scratch\/traces on vasp-02$/),
    ])
  })

  it('has SGLang write into the shared directory, or where the option says', async () => {
    const { run, asked, shared, context } = await openSite('sglang', BOTH)
    await run({ json: true })
    const directory = join(shared, 'profiles', ID)
    expect(asked[0]).toBe(
      `POST /start_profile ${JSON.stringify({ output_dir: directory, activities: ['CPU', 'GPU'] })}`,
    )
    expect((await stat(directory)).isDirectory()).toBe(true)
    expect(JSON.parse(context.printed.join('\n'))).toMatchObject({
      id: ID,
      engine: 'sglang',
      node: 'vasp-02',
      directory,
      dryRun: false,
    })
    await run({ output: '/scratch/here' })
    expect(asked[2]).toContain('"output_dir":"/scratch/here"')
  })

  it('ends the recording at Ctrl-C, and has it written', async () => {
    const { run, asked, begun, ending, context } = await openSite('vllm', BOTH)
    const running = run({ seconds: '3600' })
    await begun
    ending.abort('SIGINT')
    await running
    expect(asked).toEqual(['POST /start_profile', 'POST /stop_profile'])
    expect(context.printed.at(-1)).toContain('has recorded 0.')
  })

  it('asks no engine in a dry run', async () => {
    const { run, asked, context } = await openSite('vllm', BOTH)
    await run({ dryRun: true })
    expect(context.printed).toEqual([
      `Would profile ${ID} (vllm on vasp-02) for 0.05 s; traces: /scratch/traces on vasp-02`,
    ])
    expect(asked).toEqual([])
  })

  it.each<[string, string, object, Partial<ProfileOptions>, string]>([
    [
      'an engine that cannot be told',
      'llama.cpp',
      {},
      {},
      `Cannot profile ${ID}: llama.cpp has no profiler that can begin while it runs; vllm and sglang have one`,
    ],
    ['TEI', 'tei', {}, {}, `Cannot profile ${ID}: tei has no profiler`],
    [
      'one that loads',
      'vllm',
      { state: 'loading' },
      {},
      `Cannot profile ${ID}: it is loading; wait until sluice status shows ready`,
    ],
    [
      'a place that vLLM cannot be told',
      'vllm',
      {},
      { output: '/t' },
      `Cannot profile ${ID}: vllm writes to the directory that was set at its start; leave --output out`,
    ],
    [
      'a place that is none',
      'sglang',
      {},
      { output: 't' },
      `Cannot profile ${ID}: "t" is not absolute; write a path on vasp-02`,
    ],
    ['no time', 'vllm', {}, { seconds: '0' }, 'Cannot profile for "0" seconds: write a number above 0, at most 3600'],
  ])('refuses %s', async (_what, engine, change, options, message) => {
    const { run, asked } = await openSite(engine, BOTH, change)
    await expect(run(options)).rejects.toThrow(message)
    expect(asked).toEqual([])
  })

  it('says what a vLLM without a profiler must be started with', async () => {
    const { run, asked } = await openSite('vllm', {})
    await expect(run()).rejects.toThrow(
      `Cannot profile ${ID}: it was started without a profiler (HTTP 404 at /start_profile); write profiler-config: {`,
    )
    expect(asked).toEqual(['POST /start_profile'])
  })

  it('does not end a profile that it did not begin', async () => {
    const { run, asked } = await openSite('sglang', { ...BOTH, '/start_profile': 500 })
    await expect(run()).rejects.toThrow('Cannot start its profiler: HTTP 500: in words')
    expect(asked).toHaveLength(1)
  })

  it('says so when it may still record', async () => {
    const { run } = await openSite('vllm', { ...BOTH, '/stop_profile': 500 })
    await expect(run()).rejects.toThrow('Cannot stop its profiler: HTTP 500: in words; it may still record')
  })
})
