import { describe, expect, it } from 'vitest'
import { layersOf, placeSlots, tensorSplitFor } from '../../../src/core/sizing/layer-split.ts'

describe('a tensor split', () => {
  it.each([
    [
      [26, 27, 27],
      [26, 27, 28],
    ],
    [[80], [81]],
    [
      [0, 80],
      [0, 81],
    ],
    [
      [80, 0],
      [81, 0],
    ],
    [
      [0, 40, 0, 40, 0],
      [0, 40, 0, 41, 0],
    ],
    [
      [1, 0, 0],
      [2, 0, 0],
    ],
  ])('for layers %j is %j', (layers, split) => {
    expect(tensorSplitFor(layers)).toEqual(split)
  })

  it('needs a layer somewhere', () => {
    expect(() => tensorSplitFor([0, 0])).toThrow('Cannot split a model: none of 2 devices has a layer')
    expect(() => tensorSplitFor([])).toThrow('Cannot split a model: none of 0 devices has a layer')
    expect(() => placeSlots([0, 0], 3)).toThrow('Cannot place layers: the tensor split 0,0 adds up to nothing')
  })

  // The first two were printed by llama.cpp; the others are its rule by hand.
  it.each([
    [[26, 27, 27], 80, [27, 27, 26]],
    [[26, 27, 28], 80, [26, 27, 27]],
    [[1, 1], 6, [4, 2]],
    [[3, 1], 6, [6, 0]],
    [[0.1, 0.2, 0.7], 32, [4, 6, 22]],
    [[1, 0], 4, [4, 0]],
    [[0, 1], 4, [0, 4]],
  ])('of %j over %d layers gives %j', (split, layers, counts) => {
    expect(layersOf(split, layers)).toEqual(counts)
  })

  it('gives back the layers of every division among two and three devices, with the output on the last', () => {
    const wrong: string[] = []
    for (let layers = 1; layers <= 128; layers++) {
      const isThirdTried = layers <= 30 || layers === 80
      for (let first = 0; first <= layers; first++) {
        check([first, layers - first], layers, wrong)
        for (let second = 0; isThirdTried && second <= layers - first; second++) {
          check([first, second, layers - first - second], layers, wrong)
        }
      }
    }
    expect(wrong).toEqual([])
  })

  it('gives back the layers of even divisions among up to 16 devices', () => {
    const wrong: string[] = []
    for (let layers = 1; layers <= 160; layers++) {
      for (let devices = 1; devices <= 16; devices++) {
        const counts = Array.from(
          { length: devices },
          (_, device) => Math.floor((layers * (device + 1)) / devices) - Math.floor((layers * device) / devices),
        )
        check(counts, layers, wrong)
      }
    }
    expect(wrong).toEqual([])
  })
})

/** Faster than an expectation for each of a hundred thousand. */
function check(counts: readonly number[], layers: number, wrong: string[]): void {
  const split = tensorSplitFor(counts)
  const output = placeSlots(split, layers + 1).at(-1)
  const last = counts.findLastIndex(count => count > 0)
  if (String(layersOf(split, layers)) !== String(counts) || output !== last) wrong.push(String(counts))
}
