import { describe, expect, it } from 'vitest'
import { parseBuild } from '../../../src/adapters/gateway/nginx/nginx-build.ts'
import { complaints } from '../../../src/adapters/gateway/nginx/nginx-command.ts'
import { unknownPathBody } from '../../../src/adapters/gateway/render/error-answer.ts'
import { nginxString } from '../../../src/adapters/gateway/render/nginx-string.ts'

describe('an nginx string', () => {
  it.each([
    ['/var/lib/a b', "'/var/lib/a b'"],
    ['{"a":"\\"b\\""}', `'{"a":"\\\\"b\\\\""}'`],
    ["it's; }", "'it\\'s; }'"],
  ])('quotes %s', (text, quoted) => {
    expect(nginxString(text)).toBe(quoted)
  })
  it.each([
    ['$host', 'Cannot quote "$host" for nginx: it contains "$"'],
    ['a\nb', 'Cannot quote "a\\nb" for nginx: it contains "\\n"'],
    ['x'.repeat(4000), 'Cannot quote a text for nginx: 4002 bytes, and 4000 can be read'],
  ])('refuses what nginx would change: %s', (text, message) => {
    expect(() => nginxString(text)).toThrow(message)
  })
})

describe('the build of nginx', () => {
  const build = {
    hasStatus: false,
    hasKeepaliveMinimum: false,
    hasGzip: true,
    hasCache: true,
    unusedModules: ['fastcgi', 'uwsgi', 'scgi'],
  }
  it.each([
    [
      'nginx version: nginx/1.22.1\nconfigure arguments: --with-http_stub_status_module --with-threads',
      { ...build, version: '1.22.1', hasStatus: true },
    ],
    [
      'nginx version: nginx/1.27.4 (Ubuntu)\nconfigure arguments: --without-http_uwsgi_module',
      { ...build, version: '1.27.4', hasKeepaliveMinimum: true, unusedModules: ['fastcgi', 'scgi'] },
    ],
    ['nginx version: openresty/1.27.1.2\n', { ...build, version: '1.27.1' }],
    [
      'nginx version: nginx/1.26.0\nconfigure arguments: --without-http_gzip_module --without-http-cache',
      { ...build, version: '1.26.0', hasGzip: false, hasCache: false },
    ],
  ])('%s', (text, expected) => {
    expect(parseBuild(text)).toEqual(expected)
  })
  it.each(['1.17.5', '1.15.3', '1.14.1', '0.8.55'])('%s is refused, with what would do', version => {
    expect(() => parseBuild(`nginx version: nginx/${version}\n`)).toThrow(
      `nginx ${version} is too old: it must be 1.17.6 or newer; install another`,
    )
  })
  it.each(['1.17.6', '1.18.0', '2.0.0'])('%s is taken', version => {
    expect(parseBuild(`nginx version: nginx/${version}\n`).version).toBe(version)
  })
  it('is not read from another program', () => {
    expect(() => parseBuild('GNU bash')).toThrow('Cannot read the version of nginx: "GNU bash"')
  })
})

it('the complaints of nginx are those lines that say why', () => {
  const text = [
    'nginx: [alert] could not open error log file: open() "/var/log/nginx/error.log" failed (13: Permission denied)',
    '2026/01/31 12:00:00 [warn] 12#12: conflicting server name',
    '2026/01/31 12:00:00 [emerg] 12#12: bind() to 0.0.0.0:8080 failed (98: Address already in use)',
    'nginx: [emerg] bind() to 0.0.0.0:8080 failed (98: Address already in use)',
    'nginx: configuration file /a/nginx.conf test failed',
  ].join('\n')
  expect(complaints(text)).toBe('bind() to 0.0.0.0:8080 failed (98: Address already in use)')
})

it('an unknown path is answered within what nginx reads, whatever the number of tiers', () => {
  const tiers = Array.from({ length: 500 }, (_, index) => ({
    name: `tier${index}`,
    path: `/${'a'.repeat(32)}${index}/`,
    readTimeoutSeconds: 1,
    retryAfterSeconds: 1,
    servers: [],
  }))
  expect(nginxString(unknownPathBody(tiers))).toContain('…')
})
