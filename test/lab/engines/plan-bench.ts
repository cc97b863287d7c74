import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { readModel } from '../../../src/adapters/model-files/read-model.ts'
import { readEngineSettings } from '../../../src/core/sizing/engine-settings.ts'
import { fitParamsArgv, parseFitParams } from '../../../src/core/sizing/fit-params.ts'
import { tensorSplitFor } from '../../../src/core/sizing/layer-split.ts'
import { type BufferUse, memoryUse } from '../../../src/core/sizing/memory.ts'
import { writeGguf } from '../../support/gguf.ts'
import { describeSizedModel, type SizedModel } from '../../support/sized-model.ts'
import { until } from '../../support/until.ts'
import { readBufferSizes } from './buffer-sizes.ts'

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
export interface PlanCase {
  readonly model: string
  readonly context: number
  readonly args: string
  readonly layers?: readonly number[]
}

export const PLAN_CASES: readonly PlanCase[] = [
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

/** What each device takes, and `host`, bytes. */
export type Uses = ReadonlyMap<string, BufferUse>

export interface PlanBench {
  /** What `sluice plan` says. */
  planned(one: PlanCase): Promise<Uses>
  /** What the engine's log says of its buffers, once it has loaded the model so. */
  loaded(one: PlanCase): Promise<Uses>
  /** What llama-fit-params says. */
  fitted(one: PlanCase): Promise<Uses>
  close(): Promise<void>
}

/** The models of all cases on disk, and workers that take the place of GPUs. */
export async function openPlanBench(): Promise<PlanBench> {
  const home = await mkdtemp(join(tmpdir(), 'plan-'))
  const fileOf = (model: string) => join(home, `${model}.gguf`)
  for (const [name, model] of Object.entries(MODELS)) await writeGguf(fileOf(name), describeSizedModel(model))
  const workers = PORTS.map(port => begin(WORKER, ['-H', '127.0.0.1', '-p', String(port)]))
  return {
    async planned(one) {
      const devices = (one.layers ?? []).map((_, index) => ({ name: `RPC${index}`, bytes: undefined, isRemote: true }))
      const layout = { devices, layers: one.layers, hostBytes: undefined }
      const use = memoryUse(await readModel(fileOf(one.model)), settingsOf(one), layout)
      return new Map<string, BufferUse>([...use.devices, { ...use.host, name: 'host' }].map(each => [each.name, each]))
    },
    async loaded(one) {
      const fixed = ['--fit', 'off', '--n-gpu-layers', '999', '--no-warmup', '--cache-ram', '0', '--log-verbosity', '4']
      const engine = begin('llama-server', [
        ...['--model', fileOf(one.model), '--ctx-size', String(one.context), ...one.args.split(' ')],
        ...[...placingOf(one), ...fixed, '--host', '127.0.0.1', '--port', '50150'],
      ])
      try {
        await until('the model', async () => engine.text(), {
          holds: text => /model loaded/.test(text) && /compute buffer size/.test(text),
          timeoutMs: 60_000,
        })
        return named(readBufferSizes(engine.text()))
      } finally {
        await engine.end()
      }
    },
    async fitted(one) {
      const argv = [...fitParamsArgv(fileOf(one.model), settingsOf(one)), ...placingOf(one)]
      const rows = parseFitParams((await execa('llama-fit-params', argv)).stdout) ?? []
      return new Map(rows.map(({ device, ...use }) => [device === 'Host' ? 'host' : device, use]))
    },
    async close() {
      for (const worker of workers) await worker.end()
      await rm(home, { recursive: true })
    },
  }
}

/** Ours against theirs: of each device weights and cache, and the sum of everything, bytes. */
export function comparePlans(ours: Uses, theirs: Uses) {
  const none = { weights: Number.NaN, kv: Number.NaN }
  const total = (uses: Uses) =>
    [...uses.values()].reduce((sum, { weights, kv, compute }) => sum + weights + kv + compute, 0)
  return {
    parts: [...theirs].flatMap(([name, { weights, kv }]) => [
      { name: `weights of ${name}`, ours: (ours.get(name) ?? none).weights, theirs: weights },
      { name: `KV of ${name}`, ours: (ours.get(name) ?? none).kv, theirs: kv },
    ]),
    total: { name: 'total', ours: total(ours), theirs: total(theirs) },
  }
}

function settingsOf({ args, context }: PlanCase) {
  return readEngineSettings(args.split(' '), context)
}

function placingOf({ layers }: PlanCase): readonly string[] {
  if (layers === undefined) return []
  const workers = PORTS.slice(0, layers.length).map(port => `127.0.0.1:${port}`)
  return ['--rpc', workers.join(','), '--tensor-split', tensorSplitFor(layers).join(',')]
}

/** Each worker calls its device RPC0; the port tells them apart. */
function named(sizes: Uses): Uses {
  const numberOf = (name: string) => PORTS.findIndex(port => name.includes(`:${port}]`))
  return new Map([...sizes].map(([name, one]) => [name === 'host' ? name : `RPC${numberOf(name)}`, one]))
}

function begin(program: string, args: readonly string[]) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise(resolve => child.once('close', resolve))
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (text += String(chunk)))
  return {
    /** What it has said so far. */
    text: () => text,
    async end() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
