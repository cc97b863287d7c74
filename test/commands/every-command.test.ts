import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const src = join(import.meta.dirname, '../../src')
const cli = readFileSync(join(src, 'cli.ts'), 'utf8')

/** The commands as cli.ts builds them, each with its group before it: `config-check`, `drain`. */
function commandNames(): string[] {
  const groups = new Map(
    [...cli.matchAll(/const (\w+) = sluice\s*\.command\('([\w-]+)'/g)].map(([, a = '', b]) => [a, b]),
  )
  return cli.split(/^ {2}(?=\w+$)/m).flatMap(block => {
    const owner = /^\w+/.exec(block)?.[0] ?? ''
    const names = [...block.matchAll(/^ {4}\.command\('([\w-]+)'/gm)].map(([, name]) => name)
    const group = groups.get(owner)
    return names.length === 0 ? [] : [[...(group === undefined ? [] : [group]), ...names].join('-')]
  })
}

const isTested = (name: string) => existsSync(join(import.meta.dirname, `${name}.test.ts`))

it('each command of cli.ts has a test of its own', () => {
  const names = commandNames()
  expect(names).toEqual(expect.arrayContaining(['config-check', 'drain', 'gateway-stop', 'supervise', 'up-sweep']))
  expect(names.filter(name => !isTested(name))).toEqual([])
})

it('each file of src/commands has a test of its own', () => {
  const files = readdirSync(join(src, 'commands')).filter(name => name.endsWith('.ts'))
  expect(files.filter(name => !isTested(name.replace(/\.ts$/, '')))).toEqual([])
})
