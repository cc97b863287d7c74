import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { readModel } from '../../src/commands/read-model.ts'
import { type EngineSettings, readEngineSettings } from '../../src/sizing/engine-settings.ts'
import { fitParamsArgv, parseFitParams } from '../../src/sizing/fit-params.ts'
import { tensorSplitFor } from '../../src/sizing/layer-split.ts'
import { type BufferUse, memoryUse } from '../../src/sizing/memory.ts'
import { describeSizedModel, type SizedModel } from '../fixtures/sized-model.ts'
import { type BufferSizes, readBufferSizes } from './buffer-sizes.ts'
import { writeGguf } from './gguf.ts'
import { until } from './until.ts'

const GROUPED: SizedModel = {
  ...{
    architecture: 'llama',
    layers: 4,
    embedding: 2048,
    heads: 16,
    headsKv: 4,
    feedForward: 7168,
    vocabulary: 32_768,
  },
  ...{ weights: 'Q8_0', trainedContext: 65_536 },
}
const MODELS: Readonly<Record<string, SizedModel>> = {
  grouped: GROUPED,
  words: { ...GROUPED, vocabulary: 128_256, weights: 'Q4_K', ends: 'Q6_K' },
  perLayer: { ...GROUPED, architecture: 'deci', headsKv: [8, 2, 4, 16] },
  experts: { ...GROUPED, experts: { count: 4, used: 2, feedForward: 7168 } },
  sliding: { ...GROUPED, architecture: 'gemma3', layers: 6, headLength: 128, tied: true, slidingWindow: 512 },
  latent: {
    ...{ ...GROUPED, architecture: 'deepseek2', headsKv: 1 },
    experts: { count: 8, used: 2, feedForward: 1024 },
    mla: { queryRank: 768, kvRank: 512, ropeLength: 64, noRopeLength: 128, valueLength: 128 },
  },
}

/** `layers`: on so many RPC workers, which take the place of GPUs. */
interface Case {
  readonly model: string
  readonly context: number
  readonly args: string
  readonly layers?: readonly number[]
}

const CASES: readonly Case[] = [
  { model: 'grouped', context: 4096, args: '-np 1 --no-repack' },
  { model: 'grouped', context: 16_384, args: '-np 4 -ctk q8_0 -ctv q8_0 --no-repack' },
  { model: 'grouped', context: 16_384, args: '--no-repack' },
  { model: 'words', context: 8192, args: '-np 1 -ctk q4_0 -fa off -ub 256 --no-repack' },
  { model: 'words', context: 1000, args: '-np 3 -b 128 --no-repack' },
  { model: 'perLayer', context: 8192, args: '-np 2 -fa off --no-repack' },
  { model: 'sliding', context: 16_384, args: '-np 2 --no-repack' },
  { model: 'latent', context: 8192, args: '-np 1 --no-repack' },
  { model: 'grouped', context: 8192, args: '-np 1', layers: [1, 3] },
  { model: 'sliding', context: 16_384, args: '-np 1 -ctk q4_0 -fa off -ub 128', layers: [3, 1, 2] },
  { model: 'experts', context: 8192, args: '-np 1 --n-cpu-moe 2 --no-repack', layers: [4] },
]

const PORTS = [50_151, 50_152, 50_153]
const WORKER = '/usr/libexec/x86_64-linux-gnu/llama/bin/ggml-rpc-server'
const started: AbortController[] = []
const workers = new AbortController()
let home = ''

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'plan-'))
  for (const [name, model] of Object.entries(MODELS)) await writeGguf(fileOf(name), describeSizedModel(model))
  for (const port of PORTS) begin(WORKER, ['-H', '127.0.0.1', '-p', String(port)], workers)
})
afterEach(() => {
  for (const abort of started.splice(0)) abort.abort()
})
afterAll(async () => {
  workers.abort()
  await rm(home, { recursive: true })
})

const fileOf = (model: string) => join(home, `${model}.gguf`)

describe.each(CASES)(
  'a plan for $model with $context tokens, $args, on $layers',
  ({ model, context, args, layers }) => {
    const argv = args.split(' ')
    const settings = readEngineSettings(argv, context)
    const ports = PORTS.slice(0, layers?.length ?? 0)
    const placing =
      ports.length === 0
        ? []
        : [
            '--rpc',
            ports.map(port => `127.0.0.1:${port}`).join(','),
            '--tensor-split',
            tensorSplitFor(layers ?? []).join(','),
          ]

    it('agrees with what the engine says of its buffers', async () => {
      const log = begin('llama-server', [
        ...[
          '--model',
          fileOf(model),
          '--ctx-size',
          String(context),
          ...argv,
          ...placing,
          '--fit',
          'off',
          '--n-gpu-layers',
          '999',
        ],
        ...['--no-warmup', '--cache-ram', '0', '--host', '127.0.0.1', '--port', '50150', '--log-verbosity', '4'],
      ])
      await until('the model', async () => log(), {
        holds: text => /model loaded/.test(text) && /compute buffer size/.test(text),
        timeoutMs: 60_000,
      })
      const found = readBufferSizes(log())
      expectNear(await planned(model, settings, layers), named(found, ports))
    })

    it.runIf(existsSync('/usr/bin/llama-fit-params'))('agrees with llama-fit-params', async () => {
      const { stdout } = await execa('llama-fit-params', [...fitParamsArgv(fileOf(model), settings), ...placing])
      const rows = (parseFitParams(stdout) ?? []).map(
        ({ device, ...use }) => [device === 'Host' ? 'host' : device, use] as const,
      )
      expectNear(await planned(model, settings, layers), new Map(rows))
    })
  },
)

async function planned(model: string, settings: EngineSettings, layers: readonly number[] | undefined) {
  const devices = (layers ?? []).map((_, index) => ({ name: `RPC${index}`, bytes: undefined, isRemote: true }))
  const use = memoryUse(await readModel(fileOf(model)), settings, { devices, layers, hostBytes: undefined })
  return new Map<string, BufferUse>([...use.devices, { ...use.host, name: 'host' }].map(one => [one.name, one]))
}

/** Each worker calls its device RPC0; the port tells them apart. */
function named(sizes: ReadonlyMap<string, BufferSizes>, ports: readonly number[]): ReadonlyMap<string, BufferUse> {
  return new Map(
    [...sizes].map(([name, one]) => [
      name === 'host' ? name : `RPC${ports.findIndex(port => name.includes(`:${port}]`))}`,
      one,
    ]),
  )
}

/** Of each device weights and caches within 2 %; of all together the sum within 15 %. A mebibyte is no difference. */
function expectNear(ours: ReadonlyMap<string, BufferUse>, theirs: ReadonlyMap<string, BufferUse>): void {
  const off = [...theirs].flatMap(([name, { weights, kv }]) => {
    const one = ours.get(name) ?? { weights: Number.NaN, kv: Number.NaN }
    return [
      { name: `weights of ${name}`, ours: one.weights, theirs: weights },
      { name: `KV of ${name}`, ours: one.kv, theirs: kv },
    ]
  })
  const total = (uses: ReadonlyMap<string, BufferUse>) =>
    [...uses.values()].reduce((sum, { weights, kv, compute }) => sum + weights + kv + compute, 0)
  const all = { name: 'total', ours: total(ours), theirs: total(theirs) }
  expect([...ours.keys()].filter(name => name !== 'host').sort()).toEqual(
    [...theirs.keys()].filter(name => name !== 'host').sort(),
  )
  expect(off.filter(one => !isNear(one, 0.02))).toEqual([])
  expect([all].filter(one => !isNear(one, 0.15))).toEqual([])
}

function isNear({ ours, theirs }: { ours: number; theirs: number }, share: number): boolean {
  return Math.abs(ours - theirs) <= Math.max(2 ** 20, share * theirs)
}

/** Starts a program and gives what it has said so far. */
function begin(program: string, args: readonly string[], abort = new AbortController()): () => string {
  if (abort !== workers) started.push(abort)
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], signal: abort.signal })
  child.on('error', () => undefined) // AbortError: it was we who ended it
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (text += String(chunk)))
  return () => text
}
