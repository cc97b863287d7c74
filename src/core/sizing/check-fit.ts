import type { Layout } from './layout.ts'
import type { BufferUse, DeviceUse, HostUse, MemoryUse } from './memory.ts'

export type FitVerdict = 'fits' | 'does not fit' | 'not known'

export interface DevicePlan extends BufferUse {
  readonly name: string
  readonly memory: number | null
  readonly layers: number
  readonly hasOutput: boolean
  /** Reserved for memory that no buffer shows. */
  readonly reserve: number
  readonly total: number
  readonly free: number | null
}

export interface HostPlan extends HostUse {
  readonly memory: number | null
  readonly total: number
  readonly free: number | null
}

export interface Shortage {
  readonly where: string
  readonly missing: number
}

export interface FitCheck {
  readonly devices: readonly DevicePlan[]
  readonly host: HostPlan
  readonly verdict: FitVerdict
  readonly shortages: readonly Shortage[]
}

/** Compares the used memory with the available memory. */
export function checkFit(use: MemoryUse, layout: Layout): FitCheck {
  const devices = use.devices.map((one, index) => devicePlan(one, layout.devices[index]?.bytes))
  const host = hostPlan(use.host, layout.hostBytes)
  const places = [...devices, { ...host, name: 'host' }]
  const shortages = places.flatMap(({ name, free }) =>
    free !== null && free < 0 ? [{ where: name, missing: -free }] : [],
  )
  const isKnown = places.every(place => place.free !== null)
  return { devices, host, shortages, verdict: shortages.length > 0 ? 'does not fit' : isKnown ? 'fits' : 'not known' }
}

function devicePlan(
  { name, layers, hasOutput, weights, kv, compute }: DeviceUse,
  memory: number | undefined,
): DevicePlan {
  const reserve = weights + kv + compute === 0 ? 0 : RESERVE_BYTES
  const total = weights + kv + compute + reserve
  const free = memory === undefined ? null : memory - total
  return { name, memory: memory ?? null, layers, hasOutput, weights, kv, compute, reserve, total, free }
}

function hostPlan(use: HostUse, memory: number | undefined): HostPlan {
  const total = use.weights + use.kv + use.compute + use.promptCache + use.process
  return { ...use, memory: memory ?? null, total, free: memory === undefined ? null : memory - total }
}

/**
 * For each GPU: memory of the runtime, workspaces of matrix products, and what the allocator cannot use. llama.cpp keeps the same
 * amount free by default (--fit-target, 1024 MiB).
 */
const RESERVE_BYTES = 2 ** 30
