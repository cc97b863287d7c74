import { describe, expect, it } from 'vitest'
import type { GatewayRoutes } from '../../../src/core/domain/routes-file.ts'
import { seeHolders } from '../../../src/programs/supervisor/held.ts'

const naming = (beat: number, ...ids: string[]): GatewayRoutes => ({
  ...{ version: 1, gateway: 'any', generation: 1, tiers: { fast: ids } },
  beat,
})
const ID = 'fast-7-0-0'

describe('what gateways say about an endpoint', () => {
  it.each<[string, Record<string, GatewayRoutes>, Record<string, number>, object]>([
    ['no gateway is no holder', {}, {}, { by: [], byLiving: false }],
    ['one that names others', { a: naming(9, 'fast-8-0-0') }, { a: 8 }, { by: [], byLiving: false }],
    ['one that names it, at a first look', { a: naming(9, ID) }, {}, { by: [{ gateway: 'a' }], byLiving: false }],
    ['one whose beat moves', { a: naming(9, ID) }, { a: 8 }, { by: [{ gateway: 'a' }], byLiving: true }],
    ['one that began anew', { a: naming(1, ID) }, { a: 8 }, { by: [{ gateway: 'a' }], byLiving: true }],
    ['one whose beat stands still', { a: naming(8, ID) }, { a: 8 }, { by: [{ gateway: 'a' }], byLiving: false }],
    [
      'one that moves beside one that stands still',
      { a: naming(8, ID), b: naming(3, ID) },
      { a: 8, b: 2 },
      { by: [{ gateway: 'a' }, { gateway: 'b' }], byLiving: true },
    ],
    [
      'a file that cannot be understood',
      { a: { problem: 'Not JSON' }, b: naming(3) },
      { b: 2 },
      { by: [{ gateway: 'a', problem: 'Not JSON' }], byLiving: false },
    ],
  ])('%s', (_, gateways, before, expected) => {
    const held = seeHolders(ID, new Map(Object.entries(gateways)), new Map(Object.entries(before)))
    expect(held).toMatchObject(expected)
  })
})
