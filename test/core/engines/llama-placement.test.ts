import { describe, expect, it } from 'vitest'
import { matchedBatches, placementArgv } from '../../../src/core/engines/llama-placement.ts'

const worker = (n: number, devices = 1) => ({ address: `10.0.0.${n}`, port: 50052, devices })

/** Where llama.cpp would put each slot, in the single precision in which it computes. */
function placed(argv: readonly string[], layers: number): Record<string, number[]> {
  const value = (flag: string) => argv[argv.indexOf(flag) + 1] ?? ''
  const devices = value('--device').split(',')
  const offloaded = Math.min(Number(value('--n-gpu-layers')), layers + 1)
  const first = layers + 1 - offloaded
  let total = 0
  const sums = value('--tensor-split')
    .split(',')
    .map(share => {
      total = Math.fround(total + Number(share))
      return total
    })
  const ends = sums.map(end => Math.fround(end / total))
  const slots: Record<string, number[]> = {}
  for (let slot = 0; slot <= layers; slot += 1) {
    const at = Math.fround(Math.fround(slot - first) / offloaded)
    const device = slot < first ? 'CPU' : (devices[ends.findIndex(end => end > at)] ?? 'none')
    slots[device] = [...(slots[device] ?? []), slot]
  }
  return slots
}

const counts = (slots: Record<string, number[]>) =>
  Object.fromEntries(Object.entries(slots).map(([device, of]) => [device, of.length]))

describe('a placement', () => {
  it('is what the seed’s site means by 26, 27, 27: the output layer is the last worker’s too', () => {
    const argv = placementArgv({ layers: [26, 27, 27], headDevices: ['CUDA0'], workers: [worker(2), worker(3)] })
    expect(argv).toEqual([
      ...['--rpc', '10.0.0.2:50052,10.0.0.3:50052', '--fit', 'off', '--split-mode', 'layer'],
      ...['--device', 'CUDA0,RPC0,RPC1', '--tensor-split', '26,27,28', '--n-gpu-layers', '81'],
    ])
    expect(counts(placed(argv, 80))).toEqual({ CUDA0: 26, RPC0: 27, RPC1: 28 })
  })

  it('leaves the first layers on the processors of a head without a device', () => {
    const argv = placementArgv({ layers: [2, 3, 3], headDevices: [], workers: [worker(2), worker(3)] })
    expect(argv.slice(6)).toEqual(['--device', 'RPC0,RPC1', '--tensor-split', '3,4', '--n-gpu-layers', '7'])
    expect(placed(argv, 8)).toEqual({ CPU: [0, 1], RPC0: [2, 3, 4], RPC1: [5, 6, 7, 8] })
  })

  it('keeps a head that is to hold nothing free', () => {
    const argv = placementArgv({ layers: [0, 40, 40], headDevices: ['CUDA0'], workers: [worker(2), worker(3)] })
    expect(counts(placed(argv, 80))).toEqual({ RPC0: 40, RPC1: 41 })
  })

  it('divides the layers of a node among its devices', () => {
    const argv = placementArgv({ layers: [7, 5], headDevices: ['CUDA0', 'CUDA1'], workers: [worker(2, 2)] })
    expect(counts(placed(argv, 12))).toEqual({ CUDA0: 4, CUDA1: 3, RPC0: 3, RPC1: 3 })
  })

  it('is left to llama.cpp where nobody said', () => {
    expect(placementArgv({ layers: undefined, headDevices: ['CUDA0'], workers: [worker(2)] })).toEqual([
      ...['--rpc', '10.0.0.2:50052', '--fit', 'off', '--split-mode', 'layer', '--n-gpu-layers', '9999'],
    ])
  })

  it('comes out exactly for any whole numbers, in single precision', () => {
    for (let layers = 3; layers <= 130; layers += 1) {
      for (let head = 0; head < layers - 1; head += 3) {
        for (let first = 1; first < layers - head; first += 4) {
          const wanted = [head, first, layers - head - first]
          for (const headDevices of [['CUDA0'], []]) {
            const slots = counts(
              placed(placementArgv({ layers: wanted, headDevices, workers: [worker(2), worker(3)] }), layers),
            )
            const found = [slots['CUDA0'] ?? slots['CPU'] ?? 0, slots['RPC0'], (slots['RPC1'] ?? 0) - 1]
            if (String(found) !== String(wanted)) expect(found).toEqual(wanted)
          }
        }
      }
    }
  })
})

describe('the two batch sizes over a network', () => {
  it.each([
    [[], ['--batch-size', '512', '--ubatch-size', '512']],
    [
      ['-b', '1024'],
      ['--ubatch-size', '1024'],
    ],
    [
      ['--ubatch-size', '256', '-c', '9'],
      ['--batch-size', '256'],
    ],
    [['--batch-size', '2048', '-ub', '512'], []],
  ])('are made equal beside %j', (args, expected) => {
    expect(matchedBatches(args)).toEqual(expected)
  })
})
