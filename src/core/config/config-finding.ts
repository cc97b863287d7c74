import { nearestWord } from './nearest-word.ts'

/** Keys from the top of sluice.yaml: `['tiers', 'fast', 'router', 'preload', 0]`. */
export type Path = readonly (string | number)[]

/** A problem before it is located in the text. */
export interface ConfigFinding {
  readonly path: Path
  /** Whether the key at the end of the path is wrong, or its value. */
  readonly at: 'key' | 'value'
  readonly message: string
  readonly fix: string
}

/** `Cannot use <path>: <found>`, located at the value. */
export function badValue(path: Path, found: string, fix: string): ConfigFinding {
  return { path, at: 'value', message: `Cannot use ${pathText(path)}: ${found}`, fix }
}

/** `Cannot use <path>: <found>`, located at the key. */
export function badKey(path: Path, found: string, fix: string): ConfigFinding {
  return { path, at: 'key', message: `Cannot use ${pathText(path)}: ${found}`, fix }
}

/** `tiers.fast.router.preload[0]`; keys that are not plain words are quoted. */
export function pathText(path: Path): string {
  if (path.length === 0) return 'the configuration'
  return path
    .map((key, index) => {
      if (typeof key === 'number') return `[${key}]`
      const word = /^[\w-]{1,64}$/.test(key) ? key : quote(key)
      return index === 0 ? word : `.${word}`
    })
    .join('')
}

/** In double quotes, control characters escaped, shortened to fit into a line. */
export function quote(text: string): string {
  const shown = text.length > 60 ? `${text.slice(0, 57)}…` : text
  return JSON.stringify(shown).replaceAll(/\p{Cc}/gu, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** `did you mean "fast"`, or else the list of words. */
export function suggest(text: string, words: readonly string[]): string {
  const near = nearestWord(text, words)
  return near === undefined ? `choose ${listed(words)}` : `did you mean ${quote(near)}`
}

/** `"a"`, `"a" or "b"`, `"a", "b" or "c"`. */
export function listed(words: readonly string[]): string {
  const quoted = words.map(quote)
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
}
