import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/benchmarks.md'), 'utf8')
const sections = page.split(/^(?=## )/m).slice(1)
const scripts: Record<string, string> = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts

describe('docs/benchmarks.md', () => {
  it.each(sections.map(text => [/^## `(.+)`$/m.exec(text)?.[1] ?? '', text] as const))(
    '%s: is a script, has a date, and each number stands in its file',
    (command, text) => {
      expect(Object.keys(scripts)).toContain(command.replace('npm run ', ''))
      const [, file = '', date] = /^`(bench\/\w+\.json)`, measured on (\d{4}-\d{2}-\d{2})\./m.exec(text) ?? []
      expect(date).toBeDefined()
      const measured = JSON.parse(readFileSync(join(root, file), 'utf8'))
      const rows = [...text.matchAll(/^\| (?!what|-)(.+?) \| (.+?) \| .*? \| (.+?) \|$/gm)]
      expect(rows.length).toBeGreaterThan(4)
      const wrong = rows.flatMap(([, what, value = '', source = '']) => {
        const known = shownAs(valueAt(measured, source))
        const numbers = [...value.replaceAll(/p\d\d/g, '').matchAll(/[−-]?\d+(?:\.\d+)?/g)].map(([number]) => number)
        return numbers.length > 0 && numbers.every(number => known.has(number.replace('−', '-')))
          ? []
          : [`${what}: ${value}, and ${source} is ${[...known].join(' ')}`]
      })
      expect(wrong).toEqual([])
    },
  )
})

/** `200 replicas.idle.reloads`: names of the file, divided by dots. */
function valueAt(measured: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], measured)
}

/** A value and the numbers in it, as people write them: whole, with one or two digits, and milliseconds as seconds. */
function shownAs(value: unknown): Set<string> {
  if (typeof value === 'number') {
    return new Set([String(value), ...[0, 1, 2].map(digits => value.toFixed(digits)), (value / 1000).toFixed(1)])
  }
  const inner = typeof value === 'object' && value !== null ? Object.values(value) : []
  return new Set(inner.flatMap(one => [...shownAs(one)]))
}
