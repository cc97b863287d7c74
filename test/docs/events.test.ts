import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const text = readFileSync(join(ROOT, 'docs/design/file-formats.md'), 'utf8')

/** Where the events of each row of the table are recorded. */
const WRITERS: Readonly<Record<string, readonly string[]>> = {
  supervisor: ['src/programs/supervisor'],
  updater: ['src/programs/updater'],
  removal: ['src/commands', 'src/programs/removal', 'src/programs/up'],
  any: ['src/adapters/registry'],
}

/** Names that are put together when they are recorded. */
const COMPOSED: Readonly<Record<string, readonly string[]>> = { [`\`tier \${event}\``]: ['tier up', 'tier down'] }

describe('the table of events in file formats', () => {
  it.each(Object.keys(WRITERS))('has the events that the code records, by %s', writer => {
    expect(documented(writer)).toEqual(recorded(WRITERS[writer] ?? []))
  })
})

function documented(writer: string): string[] {
  const row = new RegExp(`^\\| ${writer} \\| (.*) \\|$`, 'm').exec(section('Events'))?.[1] ?? ''
  return [...row.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name).toSorted()
}

function section(title: string): string {
  return text.split(/^## /m).find(one => one.startsWith(`${title}\n`)) ?? ''
}

function recorded(places: readonly string[]): string[] {
  const code = places.flatMap(filesOf).map(file => readFileSync(file, 'utf8'))
  return [...new Set(code.flatMap(eventsOf))].toSorted()
}

function filesOf(place: string): string[] {
  return readdirSync(join(ROOT, place), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => join(ROOT, place, name))
}

/**
 * The first argument of each call of `record`, and the `event` of each object that is recorded later. What is turned to text in
 * place is printed only, because the file cannot be written.
 */
function eventsOf(code: string): string[] {
  const calls = [...code.matchAll(/\brecord\(\s*([^,]+),/g)].map(([, first = '']) => first.trim())
  const objects = [...code.matchAll(/(?<!stringify\(\{ )\bevent: '([^']+)',/g)].map(([, name = '']) => name)
  return [...calls.flatMap(namesIn), ...objects]
}

/** A name, or the two of `condition ? 'one' : 'other'`; what a variable holds comes from elsewhere. */
function namesIn(argument: string): readonly string[] {
  return COMPOSED[argument] ?? [...argument.matchAll(/(?:^|[?:] )'([^']+)'/g)].map(([, name = '']) => name)
}
