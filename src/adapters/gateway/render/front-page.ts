import { nginxLines } from './nginx-string.ts'
import { pathPatterns } from './path-list.ts'

/** A tier within one server block. */
interface ListedTier {
  readonly name: string
  /** Its path there; ends with `/`. */
  readonly place: string
  /** The paths that it serves below that. */
  readonly paths: readonly string[]
}

/** A server's answer at its root for a person with a browser. `pages` never includes a path that a tier serves. */
export interface FrontPage {
  readonly pages: readonly string[]
  /** Browsers request an icon automatically. */
  readonly icon: string | false
  /** As a parameter for nginx. */
  readonly text: string
}

const CHAT = '/v1/chat/completions'
/** Keeps the text within what nginx reads as one parameter. */
const MAX_TIERS = 20
const MAX_PLACE = 60

export function frontPage(tiers: readonly ListedTier[]): FrontPage {
  const isFree = (path: string) => tiers.every(tier => !serves(tier, path))
  return {
    pages: ['/', '/index.html'].filter(isFree),
    icon: isFree('/favicon.ico') && '/favicon.ico',
    text: nginxLines(textOf(tiers)),
  }
}

/** A tier that stands at `/x/` has `/x` too. */
function serves({ place, paths }: ListedTier, path: string): boolean {
  const patterns = pathPatterns(place.slice(0, -1), paths).map(one => new RegExp(one.slice(1).replace('\\z', '$')))
  return place === `${path}/` || patterns.some(pattern => pattern.test(path))
}

function textOf(tiers: readonly ListedTier[]): string[] {
  const shown = tiers.slice(0, MAX_TIERS).filter(({ place }) => place.length <= MAX_PLACE)
  const rows = shown.map(({ name, place }) => `  ${`${place}v1`.padEnd(24)} ${name}`)
  const hidden = tiers.length - shown.length
  const first = shown.find(({ paths }) => paths.includes(CHAT))
  const base = `ADDRESS${(first ?? shown[0])?.place ?? '/'}v1`
  return [
    'This is Sluice: language models behind one address that speaks the API of OpenAI.',
    '',
    ...(tiers.length === 0 ? ['It serves no tier yet.'] : []),
    ...(shown.length > 0 ? ['A base URL is this address with one of these paths:'] : []),
    ...rows,
    ...(hidden > 0 ? [`  and ${hidden} more`] : []),
    ...(shown.length > 0 ? ['', 'List the models (ADDRESS is this address):', `  curl ${base}/models`] : []),
    ...(first === undefined
      ? []
      : [
          'Ask a model:',
          `  curl ${base}/chat/completions -H "content-type: application/json" \\`,
          `    -d '{"model": "NAME", "messages": [{"role": "user", "content": "Hello"}]}'`,
        ]),
  ]
}
