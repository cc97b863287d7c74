import { describe, expect, it } from 'vitest'
import { parseBuild } from '../../../../src/adapters/gateway/nginx/nginx-build.ts'
import { type RenderOptions, renderGateway } from '../../../../src/adapters/gateway/render/render-gateway.ts'
import { placesBelow } from '../../../../src/adapters/gateway/state-directory.ts'
import { readTemplate } from '../../../../src/adapters/system/templates.ts'
import { fingerprintOf } from '../../../../src/core/domain/engine-key.ts'
import type { GatewayModel, GatewayServer, GatewayTier } from '../../../../src/core/domain/gateway-model.ts'

const read = (name: string) => readTemplate(`nginx/${name}.mustache`)
const options: RenderOptions = {
  generation: 12,
  directory: placesBelow('/var/lib/sluice/gateway main'),
  build: parseBuild('nginx version: nginx/1.30.6\nconfigure arguments: --with-http_stub_status_module'),
  workers: undefined,
  openFiles: 32_768,
  keys: {},
  templates: {
    'nginx.conf': await read('nginx.conf'),
    'gateway.conf': await read('gateway.conf'),
    exchange: await read('exchange'),
    tier: await read('tier'),
    serve: await read('serve'),
    delivery: await read('delivery'),
    router: 'export default { serve: function () {} };\n',
  },
}

const fast: GatewayTier = {
  name: 'fast',
  path: '/',
  paths: ['/v1/chat/completions', '/v1/models/{model}', '/v1/responses/{id}/cancel'],
  readTimeoutSeconds: 600,
  retryAfterSeconds: 10,
  servers: [
    { id: 'fast-4242-0-0', address: '10.0.0.12', port: 8080 },
    { id: 'fast-4243-1-0', address: '10.0.0.13', port: 8081 },
  ],
}
const reasoning: GatewayTier = { ...fast, name: 'reasoning', path: '/reasoning/v1.5/', port: 8081 }
const embeddings: GatewayTier = { ...fast, name: 'embeddings', path: '/embeddings/', servers: [] }
const model: GatewayModel = { listen: 8080, connectionsPerClient: 256, tiers: [fast, reasoning, embeddings] }

it('renders the wrapper and what stands in it', async () => {
  const files = renderGateway(model, options)
  expect([...files.keys()]).toEqual(['nginx.conf', 'gateway.conf', 'model.json'])
  await expect(files.get('nginx.conf')).toMatchFileSnapshot('golden/nginx.conf')
  await expect(files.get('gateway.conf')).toMatchFileSnapshot('golden/gateway.conf')
  expect(JSON.parse(files.get('model.json') ?? '')).toEqual(model)
})

it('reaches a backup server only where no other connects, as long as there is another', () => {
  const [first, second] = fast.servers as [GatewayServer, GatewayServer]
  const linesOf = (servers: readonly GatewayServer[]) =>
    renderGateway({ listen: 8080, tiers: [{ ...fast, servers }] }, options)
      .get('gateway.conf')
      ?.match(/(?<=upstream sluice-fast \{[^}]*) server \d.*/g)
      ?.map(line => line.trim())
  const backup = { ...second, backup: true } as const
  expect(linesOf([first, backup])).toEqual([
    'server 10.0.0.12:8080 max_fails=0; # fast-4242-0-0',
    'server 10.0.0.13:8081 max_fails=0 backup; # fast-4243-1-0',
  ])
  expect(linesOf([backup])).toEqual(['server 10.0.0.13:8081 max_fails=0; # fast-4243-1-0'])
})

it('tries a second delivery at the half of the servers that had not the first', () => {
  const servers = [12, 13, 14].map(last => ({ id: `fast-${last}-0-0`, address: `10.0.0.${last}`, port: 8080 }))
  const text = renderGateway({ listen: 8080, tiers: [{ ...fast, servers }] }, options).get('gateway.conf') ?? ''
  const preferred = (half: number) =>
    [
      ...(text.split(`upstream sluice-fast-other${half} {`)[1]?.split('}')[0] ?? '').matchAll(
        / server (\S+) max_fails=0;/g,
      ),
    ].map(([, server]) => server)
  expect([preferred(0), preferred(1)]).toEqual([['10.0.0.12:8080', '10.0.0.14:8080'], ['10.0.0.13:8080']])
  expect(text).toContain('"~(?:^| )10\\.0\\.0\\.13:8080$" sluice-fast-other0;')
  expect(text).toContain('default sluice-fast-other1;')
})

it('gives a server on trial one of sixteen requests', () => {
  const [first, second] = fast.servers as [GatewayServer, GatewayServer]
  const servers = [first, { ...second, trial: true } as const]
  const text = renderGateway({ listen: 8080, tiers: [{ ...fast, servers }] }, options).get('gateway.conf')
  expect(text?.match(/"~\^\[.*/g)).toEqual(['"~^[0123456789abcde]" 0;', '"~^[f]" 1;'])
  expect(text?.match(/^ +server \d.*/gm)?.length).toBe(2)
})

describe('engines that ask for a key', () => {
  const [old, next] = ['o'.repeat(32), 'n'.repeat(32)]
  const keyed = (key: string, index: number): GatewayServer => ({
    id: `fast-${index}-0-0`,
    address: '10.0.0.12',
    port: 8080 + index,
    key: fingerprintOf(key),
  })
  const keys = { [fingerprintOf(old)]: old, [fingerprintOf(next)]: next }
  const of = (...servers: GatewayServer[]) =>
    renderGateway({ listen: 8080, tiers: [{ ...fast, servers }] }, { ...options, keys })

  it('get it, and it is not in what others may read', async () => {
    const files = of(keyed(old, 1), keyed(old, 2))
    expect([...files.keys()]).toEqual(['nginx.conf', 'gateway.conf', 'keys.conf', 'model.json'])
    expect(files.get('keys.conf')).toBe(`map "" $sluice_k0 {\n    default 'Bearer ${old}';\n}\n`)
    expect([...files].filter(([, text]) => text.includes(old)).map(([name]) => name)).toEqual(['keys.conf'])
    expect(files.get('gateway.conf')).toContain("include '/var/lib/sluice/gateway main/generations/12/keys.conf';")
    expect(files.get('gateway.conf')?.match(/set \$sluice_auth .*/g)).toEqual([
      'set $sluice_auth "";',
      ...Array(4).fill('set $sluice_auth $sluice_k0;'),
    ])
  })

  it('are kept apart while some were started with another key', async () => {
    const { key: _none, ...open } = keyed(old, 3)
    const files = of(keyed(old, 1), keyed(next, 2), open)
    await expect(files.get('gateway.conf')).toMatchFileSnapshot('golden/two-keys.conf')
  })

  it('are not rendered where the key is missing, which is reported by its fingerprint', () => {
    const server = keyed('x'.repeat(32), 1)
    expect(() => of(server)).toThrow(`Cannot render the gateway: the key ${server.key} is not known`)
  })
})

describe('among the sites of another nginx', () => {
  const amongOthers = { names: `sluice_${'n'.repeat(32)}`, accessLog: '/var/log/nginx/sluice-main.access.log' }
  const key = 'k'.repeat(32)
  const servers = reasoning.servers.map((server, index) =>
    index === 0 ? { ...server, key: fingerprintOf(key) } : server,
  )
  const longest = { ...reasoning, name: 'a'.repeat(32), servers }
  const text =
    renderGateway(
      { listen: 8080, connectionsPerClient: 256, tiers: [longest] },
      { ...options, amongOthers, keys: { [fingerprintOf(key)]: key } },
    ).get('gateway.conf') ?? ''

  it('has no name that another could have', () => {
    const seenByAll = text
      .split('\n')
      .filter(line => /^(?:log_format|upstream|map|limit_|proxy_cache_path|geo)/.test(line))
    expect(seenByAll.map(line => line.split(' ').slice(0, 3).join(' '))).toEqual([
      `log_format ${amongOthers.names} escape=json`,
      `map $status $${amongOthers.names}_status`,
      `map $request_method $${amongOthers.names}_method`,
      `map $uri $${amongOthers.names}_path`,
      `map $upstream_connect_time $${amongOthers.names}_sent`,
      `map "$server_addr $remote_addr"`,
      `map "$${amongOthers.names}_is_own $http_x_sluice_client"`,
      `map $${amongOthers.names}_before $${amongOthers.names}_client`,
      `map $host $${amongOthers.names}_host`,
      `map "$http_transfer_encoding:$content_length" $${amongOthers.names}_body`,
      `limit_conn_zone $${amongOthers.names}_body zone=${amongOthers.names}_large:64k;`,
      `map "$server_addr $remote_addr"`,
      `map $${amongOthers.names}_body $${amongOthers.names}_bulk`,
      `limit_conn_zone $${amongOthers.names}_bulk zone=${amongOthers.names}_large_clients:1m;`,
      `limit_conn_zone $${amongOthers.names}_by zone=${amongOthers.names}_clients:4m;`,
      `map $request_uri $${amongOthers.names}_bent`,
      `map "$request_method $request_uri"`,
      `map $${amongOthers.names}_bent$uri $${amongOthers.names}_p0`,
      `map $${amongOthers.names}_bent$uri $${amongOthers.names}_q0`,
      `map $request_id $${amongOthers.names}_u0`,
      `map $${amongOthers.names}_u0 $${amongOthers.names}_v0`,
      `map $${amongOthers.names}_u0 $${amongOthers.names}_u0k`,
      `map $${amongOthers.names}_v0 $${amongOthers.names}_v0k`,
      `upstream ${amongOthers.names}-${longest.name}-0 {`,
      `upstream ${amongOthers.names}-${longest.name}-1 {`,
    ])
    const outside = text.split('\n').filter(line => /^[a-z]/.test(line))
    expect(new Set(outside.map(line => line.split(' ')[0]))).toEqual(
      new Set(['log_format', 'map', 'limit_conn_zone', 'include', 'upstream', 'server']),
    )
  })

  it('says whose it is, and its generation on its own ports alone', () => {
    expect(text).toContain("\n# Kept in '/var/lib/sluice/gateway main'\n")
    expect(text).toContain('location = /_sluice/generation {')
    expect(text.match(/^ {4}listen .*$/gm)).toEqual([
      '    listen 8080 default_server;',
      '    listen 8081 default_server;',
    ])
  })

  it('has no variable that is too long for nginx', () => {
    const names = [...text.matchAll(/\$(sluice\w+)/g)].map(([, name = '']) => name.length)
    expect(Math.max(...names)).toBeLessThanOrEqual(46)
  })
})

it('renders the same text for the same model', () => {
  expect(renderGateway(structuredClone(model), options)).toEqual(renderGateway(model, options))
})

it.each([
  [
    'an nginx that cannot hold on to idle connections',
    { version: '1.22.1', hasKeepaliveMinimum: false },
    'keepalive_timeout 0;',
  ],
  ['one that can', {}, 'keepalive_min_timeout 3s;'],
])('keeps requests on idle connections from being lost with %s', (_what, build, line) => {
  const files = renderGateway(model, { ...options, build: { ...options.build, ...build } })
  expect(files.get('gateway.conf')).toContain(line)
})

it('names directives of modules that nginx was built with only', () => {
  const build = { ...options.build, hasStatus: false, unusedModules: [] }
  const text = [...renderGateway(model, { ...options, build }).values()].join()
  expect(text).not.toMatch(/stub_status|scgi|fastcgi|uwsgi/)
})

it('lets the workers of a root master be of another account, and reach what they open by where they run', () => {
  const workers = { user: 'nobody', group: 'nogroup', gid: 65_534 }
  const files = renderGateway(model, { ...options, workers })
  expect(files.get('nginx.conf')).toContain("user 'nobody' 'nogroup';")
  const opened = [...files.values()].join('').matchAll(/^ *(?:error_log|access_log|\w+_temp_path) '([^']+)/gm)
  expect(new Set([...opened].map(([, path = '']) => path.replace(/^\/proc\/self\/cwd\/(\w+)\/.*/, '$1')))).toEqual(
    new Set(['logs', 'temporary', 'generations']),
  )
})

it('listens on addresses, and passes on what came to one of IPv6 with brackets', () => {
  const textOf = (listen: GatewayModel['listen']) =>
    renderGateway({ listen, tiers: [fast, { ...reasoning, port: '127.0.0.1:8081' }] }, options).get('gateway.conf') ??
    ''
  const [six, four] = [textOf('[::1]:8080'), textOf('127.0.0.1:8080')]
  expect(six.match(/^ {4}listen \S+ default_server;$/gm)).toEqual([
    '    listen [::1]:8080 default_server;',
    '    listen 127.0.0.1:8081 default_server;',
  ])
  expect(six).toContain('proxy_pass http://$sluice_here:$server_port$request_uri;')
  expect(six).toContain('map $server_addr $sluice_here {')
  expect(four).toContain('proxy_pass http://$server_addr:$server_port$request_uri;')
})

describe('refuses what nginx must not read', () => {
  const withServer = (change: object) => ({
    ...model,
    tiers: [{ ...fast, servers: [{ ...fast.servers[0], ...change }] }],
  })
  const withTier = (change: object) => ({ ...model, tiers: [{ ...fast, ...change }] })
  it.each<[string, object, string]>([
    ['a host name', withServer({ address: 'localhost' }), 'tiers 0 servers 0 address must be an IPv4 address'],
    ['a line of its own', withServer({ address: '10.0.0.1; }' }), 'tiers 0 servers 0 address must be an IPv4 address'],
    ['octal', withServer({ address: '010.0.0.1' }), 'tiers 0 servers 0 address must be an IPv4 address'],
    ['a low port', withServer({ port: 80 }), 'tiers 0 servers 0 port must be 1024 or above'],
    ['a high port', withServer({ port: 65536 }), 'tiers 0 servers 0 port must be 65535 or below'],
    ['a name to listen on', { ...model, listen: 'localhost:8080' }, 'listen must be a port, or an address with one'],
    ['a line there', { ...model, listen: '127.0.0.1:8080; }' }, 'listen must be a port, or an address with one'],
    ['another spelling', { ...model, listen: '[0::1]:8080' }, 'listen must be a port, or an address with one'],
    ['all addresses beside one', withTier({ port: '127.0.0.1:8080' }), '0.0.0.0:8080 and 127.0.0.1:8080 overlap'],
    ['an id with a line break', withServer({ id: 'a\nb' }), 'tiers 0 servers 0 id must be an endpoint id'],
    ['a name', withTier({ name: 'fast;' }), 'tiers 0 name must be a tier name'],
    ['an open path', withTier({ path: '/fast' }), 'tiers 0 path must start and end with / and hold plain segments'],
    ['a dotted path', withTier({ path: '/../' }), 'tiers 0 path must start and end with / and hold plain segments'],
    ['a way up', withTier({ paths: ['/v1/../x'] }), 'tiers 0 paths 0 must be a path of plain segments'],
    ['a pattern', withTier({ paths: ['/v1/.*'] }), 'tiers 0 paths 0 must be a path of plain segments'],
    ['a quote', withTier({ paths: ['/v1" x'] }), 'tiers 0 paths 0 must be a path of plain segments'],
    ['a line of a path', withTier({ paths: ['/v1\n'] }), 'tiers 0 paths 0 must be a path of plain segments'],
    ['a variable', withTier({ path: '/$host/' }), 'tiers 0 path must start and end with / and hold plain segments'],
    [
      'our own path',
      withTier({ path: '/_sluice/x/' }),
      "tiers 0 path must not start with /_sluice/, which is the gateway's own",
    ],
    ['a name twice', { ...model, tiers: [fast, { ...fast, path: '/b/' }] }, 'two tiers have the tier name "fast"'],
    ['a path twice', { ...model, tiers: [fast, { ...fast, name: 'b' }] }, 'two tiers have the path "/"'],
    [
      'a port twice',
      {
        ...model,
        tiers: [
          { ...fast, port: 9000 },
          { ...reasoning, port: 9000 },
        ],
      },
      'two tiers have the port 9000',
    ],
  ])('%s', (_what, bad, message) => {
    expect(() => renderGateway(bad as GatewayModel, options)).toThrow(`Cannot render the gateway: ${message}`)
  })
})
