import type { EngineSettings } from './engine-settings.ts'
import type { Layout } from './layout.ts'
import { type BufferUse, type MemoryUse, memoryUse } from './memory.ts'
import type { ModelShape } from './model-shape.ts'

/** One line of `llama-fit-params --fit-print on`, bytes. */
export interface FitRow extends BufferUse {
  /** As llama.cpp calls it: CUDA0, RPC0, Host. */
  readonly device: string
}

/** Its arguments for a model, such that it does not change the plan. */
export function fitParamsArgv(file: string, settings: EngineSettings): readonly string[] {
  const { context, slots, isUnified, ubatch, keyType, valueType, flashAttention, gpuLayers, splitMode } = settings
  return [
    ...['--model', file, '--fit-print', 'on', '--fit', 'off', '--no-repack'],
    // It does not accept --kv-unified; one slot has the same cache, except for sliding windows.
    ...['--ctx-size', String(context), '--parallel', String(isUnified ? 1 : slots)],
    ...['--batch-size', String(Math.max(ubatch, LEAST_BATCH)), '--ubatch-size', String(ubatch)],
    ...['--cache-type-k', keyType, '--cache-type-v', valueType, '--flash-attn', flashAttention],
    ...['--n-gpu-layers', gpuLayers === 'all' ? '999' : String(gpuLayers), '--split-mode', splitMode],
    ...(settings.tensorSplit === undefined ? [] : ['--tensor-split', settings.tensorSplit.join(',')]),
    ...(settings.cacheOnHost ? ['--no-kv-offload'] : []),
    ...(settings.hasFullWindows ? ['--swa-full'] : []),
    ...settings.overrides.flatMap(one => (one.isHost ? ['--override-tensor', `${one.pattern.source}=CPU`] : [])),
  ]
}

/** Its default; a smaller one makes --ubatch-size smaller too. */
const LEAST_BATCH = 2048

/** Its output; undefined where it cannot be understood. */
export function parseFitParams(text: string): readonly FitRow[] | undefined {
  const rows = [...text.matchAll(/^(\S+) (\d+) (\d+) (\d+) *$/gm)].map(([, device = '', ...mebibytes]) => {
    const [weights = 0, kv = 0, compute = 0] = mebibytes.map(count => Number(count) * 2 ** 20)
    return { device, weights, kv, compute }
  })
  return rows.some(row => row.device === HOST_ROW) ? rows : undefined
}

const HOST_ROW = 'Host'

/** Its answer beside ours, summed over devices and host. */
export interface MeasuredFit {
  /** It saw devices like those of the plan, and the plan uses its numbers. */
  readonly isUsed: boolean
  readonly devices: readonly string[]
  readonly ours: BufferUse
  readonly theirs: BufferUse
}

export interface FitFacts {
  readonly shape: ModelShape
  readonly settings: EngineSettings
  readonly layout: Layout
  readonly rows: readonly FitRow[]
}

/** Compares for the devices that it saw: those of the machine on which it ran. */
export function compareWithMeasured({ shape, settings, layout, rows }: FitFacts): {
  check: MeasuredFit
  measured: MemoryUse | undefined
} {
  const seen = rows.filter(row => row.device !== HOST_ROW)
  const isUsed =
    layout.layers === undefined && seen.length === layout.devices.length && layout.devices.every(one => !one.isRemote)
  const devices = seen.map(({ device }) => ({ name: device, bytes: undefined, isRemote: true }))
  const ours = memoryUse(shape, settings, isUsed ? layout : { devices, layers: undefined, hostBytes: undefined })
  const host = rows.find(row => row.device === HOST_ROW)
  const check = {
    isUsed,
    devices: seen.map(row => row.device),
    ours: total([...ours.devices, ours.host]),
    theirs: total(rows),
  }
  if (!isUsed || host === undefined) return { check, measured: undefined }
  const measured = {
    devices: ours.devices.map((one, index) => ({ ...one, ...buffers(seen[index] ?? one) })),
    host: { ...ours.host, ...buffers(host) },
  }
  return { check, measured }
}

function buffers({ weights, kv, compute }: BufferUse): BufferUse {
  return { weights, kv, compute }
}

function total(uses: readonly BufferUse[]): BufferUse {
  return uses.reduce(
    (sum, one) => ({ weights: sum.weights + one.weights, kv: sum.kv + one.kv, compute: sum.compute + one.compute }),
    { weights: 0, kv: 0, compute: 0 },
  )
}
