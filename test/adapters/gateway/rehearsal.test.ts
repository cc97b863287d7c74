import { expect, it } from 'vitest'
import { rehearsalOf } from '../../../src/adapters/gateway/rehearsal.ts'
import { checkGatewayModel } from '../../../src/adapters/gateway/render/model-schema.ts'
import type { GatewayTier } from '../../../src/core/domain/gateway-model.ts'

const empty: GatewayTier = { name: 'fast', path: '/', readTimeoutSeconds: 600, retryAfterSeconds: 10, servers: [] }
const served: GatewayTier = {
  ...{ ...empty, name: 'slow', path: '/slow/' },
  servers: [{ id: 'slow-1-0-0', address: '10.0.0.12', port: 8080 }],
}

it('has servers in each tier, those of the model where it has some', () => {
  const rehearsal = rehearsalOf({ listen: 8080, tiers: [empty, served] })
  expect(rehearsal?.tiers.map(({ servers }) => servers.length)).toEqual([2, 1])
  expect(rehearsal?.tiers[1]).toBe(served)
  expect(rehearsal && checkGatewayModel(rehearsal)).toEqual(rehearsal)
})

it('is not needed where no server is missing', () => {
  expect(rehearsalOf({ listen: 8080, tiers: [served] })).toBeUndefined()
})
