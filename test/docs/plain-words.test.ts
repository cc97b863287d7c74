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
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'sluice.example.yaml',
]

/** A sentence with one of these has a subject without a name, or hides who reports what. */
const REFUSED = /\b(?:whoever|whomever|somebody|(?:is|are|was|were|been) told)\b/i

it('code, templates and documents are in plain words', () => {
  expect(PLACES.flatMap(filesOf).flatMap(refusedLines)).toEqual([])
})

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
