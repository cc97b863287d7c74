import { expect, it } from 'vitest'
import { parseConfig } from '../../../src/core/config/parse-config.ts'
import { refuseOtherModel, staticGateway } from '../../../src/core/config/static-gateway.ts'
import type { GatewayModel } from '../../../src/core/domain/gateway-model.ts'
import { EXAMPLE } from '../../support/example-config.ts'

const { config } = parseConfig(EXAMPLE, 'f')
if (config === undefined) throw new Error('the example is broken')
const staticPart = staticGateway(config)
const server = (address: string, port = 8080) => [{ id: 'fast-1-0-0', address, port }]
const model = (address: string): GatewayModel => ({
  ...staticPart,
  tiers: staticPart.tiers.map(tier => ({ ...tier, servers: server(address) })),
})

const OWN = ['10.0.0.1']

it('a model fills the static gateway of its configuration', () => {
  expect(() => refuseOtherModel(config, model('10.0.0.12'), OWN)).not.toThrow()
  // As it comes over a pipe.
  expect(() => refuseOtherModel(config, JSON.parse(JSON.stringify(model('10.0.0.12'))), OWN)).not.toThrow()
})

it('with byModel a plan adds models, and without it none', () => {
  const byModel = parseConfig(EXAMPLE.replace('gateway:\n', 'gateway:\n  byModel: true\n'), 'f').config
  if (byModel === undefined) throw new Error('the example takes no byModel')
  const named = staticGateway(byModel)
  expect(named.tiers.map(tier => tier.models)).not.toContain(undefined)
  const planned: GatewayModel = {
    ...named,
    tiers: named.tiers.map(tier => ({ ...tier, servers: [], models: ['one', 'two'] })),
  }
  expect(() => refuseOtherModel(byModel, planned, OWN)).not.toThrow()
  expect(() => refuseOtherModel(config, planned, OWN)).toThrow('its ports, paths or tiers are not those of sluice.yaml')
})

it('a tier opens paths by name, besides those of its engine', () => {
  const opened = parseConfig(
    EXAMPLE.replace(/^ {4}path: \/$/m, '    path: /\n    allowPaths: [/props, /health]'),
    'f',
  ).config
  const [before, after] = [config, opened].map(one =>
    one === undefined ? [] : (staticGateway(one).tiers[0]?.paths ?? []),
  )
  expect(before).toContain('/v1/chat/completions')
  expect(after).toEqual([...(before ?? []), '/props'])
})

it.each(['/a/../b', '/a b', '/a;b', '/{id}', '/.*', 'props', '/a/', '/a%0a', '"/a\\n"'])(
  'a path as %s is not opened',
  path => {
    const text = EXAMPLE.replace(
      /^ {4}path: \/$/m,
      `    path: /\n    allowPaths: [${path.startsWith('"') ? path : JSON.stringify(path)}]`,
    )
    expect(parseConfig(text, 'f').config).toBeUndefined()
  },
)

const other = 'Cannot apply a model: its ports, paths or tiers are not those of sluice.yaml'
it.each<[string, GatewayModel, string]>([
  ['port', { ...model('10.0.0.12'), listen: 9999 }, other],
  ['tier less', { ...model('10.0.0.12'), tiers: model('10.0.0.12').tiers.slice(1) }, other],
  ['path', { ...staticPart, tiers: staticPart.tiers.map(tier => ({ ...tier, path: '/x/', servers: [] })) }, other],
  ['network', model('127.0.0.1'), 'Cannot apply a model: 127.0.0.1:8080 of fast-1-0-0 lies outside gateway.networks'],
  [
    'address than an engine may have',
    model('10.0.0.1'),
    "Cannot apply a model: 10.0.0.1:8080 of fast-1-0-0 is the gateway's own",
  ],
  [
    'count of endpoints',
    {
      ...staticPart,
      tiers: staticPart.tiers.map(tier => ({
        ...tier,
        servers: Array.from({ length: 4097 }, () => server('10.0.0.12')).flat(),
      })),
    },
    'endpoints, and at most 4096 are allowed',
  ],
])('another %s is refused', (_what, bad, message) => {
  expect(() => refuseOtherModel(config, bad, OWN)).toThrow(message)
})

it("addresses have one spelling, and are the gateway's own also while no interface has them", () => {
  const text = EXAMPLE.replace('listen: 8080', 'listen: "[0:0::1]:8080"')
    .replace('gatewayPort: 8080', 'gatewayPort: "[::1]:8080"')
    .replace('gatewayPort: 8081', 'gatewayPort: 10.0.0.9:8081')
  const own = parseConfig(text, 'f').config
  if (own === undefined) throw new Error('the example is broken')
  const made = staticGateway(own)
  expect([made.listen, ...made.tiers.map(({ port }) => port)]).toEqual(['[::1]:8080', '[::1]:8080', '10.0.0.9:8081'])
  const at = (port: number) => ({
    ...made,
    tiers: made.tiers.map(tier => ({ ...tier, servers: server('10.0.0.9', port) })),
  })
  expect(() => refuseOtherModel(own, at(8081), OWN)).toThrow("10.0.0.9:8081 of fast-1-0-0 is the gateway's own")
  // An engine of a job on the gateway's machine.
  expect(() => refuseOtherModel(own, at(8082), ['10.0.0.9'])).not.toThrow()
})

it.each(['127.0.0.1', '169.254.169.254', '0.0.0.1', '224.0.0.1'])(
  '%s is refused also where the networks have it',
  address => {
    const wide = { ...config, gateway: { ...config.gateway, networks: ['0.0.0.0/0'] } }
    expect(() => refuseOtherModel(wide, model(address), OWN)).toThrow(
      `${address}:8080 of fast-1-0-0 is link-local or loopback`,
    )
  },
)
