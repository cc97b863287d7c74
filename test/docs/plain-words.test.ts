import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

const PLACES = [
  'src',
  'templates',
  'systemd',
  'slurm',
  'docs',
  'scripts',
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'sluice.example.yaml',
]

/** A sentence with one of these has a subject without a name, or hides who reports what. */
const REFUSED = /\b(?:whoever|whomever|somebody|(?:is|are|was|were|been) told)\b/i

it('code, templates and documents are in plain words', () => {
  expect(PLACES.flatMap(filesOf).flatMap(refusedLines)).toEqual([])
})

/** A title says the outcome, so it names who reports it, and to whom. */
const REFUSED_IN_TITLES = /\b(?:told|tells?|whoever|whomever|(?:some|no|any|every)body)\b/i

/** The first word of a call of `it` or `describe`, or of what `it.each(…)` and `it.skipIf(…)` return. */
const TITLE = /(?:\b(?:it|describe)(?:\.\w+)*|\))\(\s*(['"`])((?:\\.|(?!\1).)*)\1,/g

it('titles of tests are in plain words', () => {
  const titles = filesOf('test').flatMap(titlesIn)
  expect(titles.length).toBeGreaterThan(1_500)
  expect(titles.filter(title => REFUSED_IN_TITLES.test(title))).toEqual([])
})

function titlesIn(file: string): string[] {
  if (!file.endsWith('.ts')) return []
  return [...readFileSync(join(ROOT, file), 'utf8').matchAll(TITLE)].map(([, , title = '']) => `${file}: ${title}`)
}

function filesOf(place: string): string[] {
  if (place.includes('.')) return [place]
  return readdirSync(join(ROOT, place), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
}

function refusedLines(file: string): string[] {
  return readFileSync(join(ROOT, file), 'utf8')
    .split('\n')
    .flatMap((text, index) => (REFUSED.test(text) ? [`${file}:${index + 1}: ${text.trim()}`] : []))
}
