/** Bytes of the buffers of one device, as llama.cpp says it made them. */
export type BufferSizes = { weights: number; kv: number; compute: number }

/**
 * What an engine's log tells of its buffers, by device: `host`, or as the log calls it, such as CUDA0 and
 * RPC0[127.0.0.1:50052]. Its output buffer, where logits go, counts as compute.
 */
export function readBufferSizes(log: string): ReadonlyMap<string, BufferSizes> {
  const sizes = new Map<string, BufferSizes>()
  for (const [, buffer = '', kind = '', mebibytes] of log.matchAll(LINE)) {
    const device = HOST.test(buffer) ? 'host' : buffer
    const one = sizes.get(device) ?? { weights: 0, kv: 0, compute: 0 }
    one[KINDS[kind] ?? 'compute'] += Number(mebibytes) * 2 ** 20
    sizes.set(device, one)
  }
  return sizes
}

/** Weights that a processor has in an order of its own are no device's. */
const HOST = /^(CPU|AMX)|_Host$/
const LINE = /: +(\S+) +(model|KV|RS|compute|output) buffer size = +([\d.]+) MiB/g
const KINDS: Readonly<Record<string, keyof BufferSizes>> = { model: 'weights', KV: 'kv', RS: 'kv' }
