import { expect, it } from 'vitest'
import { findDebianMirror, parseAptSources } from './apt-sources.ts'

const ONE_LINE = `# deb http://commented.example/debian bookworm main
deb-src http://sources.example/debian bookworm main
deb https://packages.example/node_20.x nodistro main
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] http://llvm.example/bookworm bookworm main
deb http://mirror.example/debian/ bookworm main contrib # ours
deb http://mirror.example/debian-security bookworm-security main
`

const DEB822 = `Types: deb deb-src
# a snapshot
URIs: http://mirror.example/debian http://second.example/debian
Suites: trixie
 trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://disabled.example/debian
Suites: trixie
Components: main
`

it('reads one-line entries', () => {
  expect(parseAptSources([{ path: '/etc/apt/sources.list', text: ONE_LINE }])).toEqual([
    { uri: 'https://packages.example/node_20.x', suites: ['nodistro'], components: ['main'] },
    { uri: 'http://llvm.example/bookworm', suites: ['bookworm'], components: ['main'] },
    { uri: 'http://mirror.example/debian/', suites: ['bookworm'], components: ['main', 'contrib'] },
    { uri: 'http://mirror.example/debian-security', suites: ['bookworm-security'], components: ['main'] },
  ])
})

it('reads deb822 stanzas', () => {
  expect(parseAptSources([{ path: '/etc/apt/sources.list.d/debian.sources', text: DEB822 }])).toEqual([
    { uri: 'http://mirror.example/debian', suites: ['trixie', 'trixie-updates'], components: ['main'] },
    { uri: 'http://second.example/debian', suites: ['trixie', 'trixie-updates'], components: ['main'] },
  ])
})

it.each([
  [
    'the address that ends in /debian',
    ['http://a.example/llvm', 'http://b.example/debian/'],
    'http://b.example/debian/',
  ],
  ['the first when none ends so', ['http://a.example/one', 'http://b.example/two'], 'http://a.example/one'],
  ['none when there is none', [], undefined],
])('takes %s for the Debian archive', (_, uris, mirror) => {
  expect(findDebianMirror(uris.map(uri => ({ uri, suites: ['bookworm'], components: ['main'] })))).toBe(mirror)
})

it('takes neither another distribution nor the security archive for the Debian archive', () => {
  const others = [
    { uri: 'http://a.example/debian-security', suites: ['bookworm-security'], components: ['main'] },
    { uri: 'http://a.example/ubuntu', suites: ['noble'], components: ['main'] },
    { uri: 'http://a.example/debian', suites: ['bookworm'], components: ['contrib'] },
  ]
  expect(findDebianMirror(others)).toBeUndefined()
})
