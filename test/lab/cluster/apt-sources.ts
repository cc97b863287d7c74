/** What one entry of the apt sources says, of either format. */
export type AptSource = { uri: string; suites: readonly string[]; components: readonly string[] }

/** A file below /etc/apt: `*.list` holds one-line entries, `*.sources` deb822 stanzas (sources.list(5)). */
export type AptSourcesFile = { path: string; text: string }

/** Where packages come from, in the order of the files. Sources of source packages and disabled entries are left out. */
export function parseAptSources(files: readonly AptSourcesFile[]): readonly AptSource[] {
  return files.flatMap(({ path, text }) => (path.endsWith('.sources') ? parseDeb822(text) : parseOneLine(text)))
}

/**
 * The address of the Debian main archive, or undefined when no source can be it. Other archives name Debian's suites
 * too, so an address that ends in /debian wins; whoever was picked wrongly fails debootstrap's check of the signature.
 */
export function findDebianMirror(sources: readonly AptSource[]): string | undefined {
  const candidates = sources.filter(
    ({ suites, components }) => components.includes('main') && suites.some(suite => DEBIAN_SUITES.has(suite)),
  )
  return (candidates.find(({ uri }) => /\/debian\/?$/.test(uri)) ?? candidates[0])?.uri
}

const DEBIAN_SUITES = new Set([
  ...['stable', 'oldstable', 'testing', 'unstable', 'sid'],
  ...['bullseye', 'bookworm', 'trixie', 'forky', 'duke'],
])

function parseOneLine(text: string): readonly AptSource[] {
  return text.split('\n').flatMap(line => {
    const found = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line)
    const [, uri, suite, components] = found ?? []
    return uri && suite ? [{ uri, suites: [suite], components: words(components) }] : []
  })
}

function parseDeb822(text: string): readonly AptSource[] {
  return withoutComments(text)
    .split(/\n[ \t]*\n/)
    .flatMap(stanza => {
      const fields = parseFields(stanza)
      const isUsed =
        words(fields.get('types')).includes('deb') && !/^(no|false|without|off)$/.test(fields.get('enabled') ?? '')
      return isUsed
        ? words(fields.get('uris')).map(uri => ({
            uri,
            suites: words(fields.get('suites')),
            components: words(fields.get('components')),
          }))
        : []
    })
}

function parseFields(stanza: string): ReadonlyMap<string, string> {
  // A line that begins with a space goes on with the field above it.
  const lines = stanza.replace(/\n[ \t]+/g, ' ').split('\n')
  return new Map(
    lines.flatMap(line => {
      const [, name, value] = /^([A-Za-z-]+):\s*(.*)$/.exec(line) ?? []
      return name === undefined || value === undefined ? [] : [[name.toLowerCase(), value.trim()] as const]
    }),
  )
}

function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter(line => !line.startsWith('#'))
    .join('\n')
}

function words(text: string | undefined): readonly string[] {
  return text?.split(/\s+/).filter(word => word !== '') ?? []
}
