import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/core/config/parse-config.ts'
import { parseServerConfig } from '../../src/core/config/parse-server-config.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
]
const scripts: Record<string, string> = JSON.parse(read('package.json')).scripts
const commands = commandsOf(read('src/cli.ts'))

describe('the examples in documents', () => {
  it.each(pages)('%s: YAML is a configuration without problems', page => {
    expect(blocks(read(page), 'yaml').flatMap(problemsOf)).toEqual([])
  })

  it.each(pages)('%s: JSON can be parsed', page => {
    for (const text of blocks(read(page), 'json')) expect(() => JSON.parse(text)).not.toThrow()
  })

  it.each(pages)('%s: commands and scripts are there, with their options', page => {
    expect([...strayCommands(read(page)), ...strayScripts(read(page))]).toEqual([])
  })
})

describe('README.md', () => {
  it('is short, and links every page', () => {
    const readme = read('README.md')
    expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(7000)
    expect(pages.filter(page => page !== 'README.md' && !readme.includes(`](${page})`))).toEqual([])
  })

  it('names every command', () => {
    const named = [...read('README.md').matchAll(/`(?:sluice )?([a-z]+(?: [a-z]+)?)[^`]*`/g)].map(([, name]) => name)
    const inside = ['supervise', 'up-sweep', 'demo-engine'] // started by others
    const shown = [...commands.keys()].filter(name => name !== 'config' && name !== 'gateway' && !inside.includes(name))
    expect(shown.filter(name => !named.includes(name))).toEqual([])
  })
})

describe('the check of examples', () => {
  it('finds commands, options, scripts and configurations that are wrong', () => {
    expect([...commands.keys()]).toEqual(expect.arrayContaining(['config check', 'config schema', 'drain', 'up']))
    expect(strayCommands('`sluice drian ID` and `sluice drain ID --requeu`, `sluice config chekc`')).toEqual([
      'sluice drian',
      'sluice drain --requeu',
      'sluice config chekc',
    ])
    expect(strayScripts('`npm run chekc` and `npm run check`')).toEqual(['npm run chekc'])
    expect(problemsOf('tiers:\n  a: { engine: vlm, path: / }\n')).not.toEqual([])
    expect(problemsOf('    stage: { form: /a, to: /b }\n')).not.toEqual([])
  })
})

function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, body = '']) => body)
}

/** An example is a server of the library, or a part of sluice.yaml, to which what it leaves out is added. */
function problemsOf(yaml: string): readonly string[] {
  const { problems } = /^backend:/m.test(yaml)
    ? parseServerConfig(yaml, 'server.yaml')
    : parseConfig(whole(yaml), 'sluice.yaml')
  return problems.map(({ message, fix }) => `${message}; ${fix}`)
}

const SITE = 'site: example\nshared: /cluster/shared/ai\nruntime: /cluster/shared/sluice\n'
const NETWORKS = '  networks: [10.0.0.0/24]\n'
const TIER = '  example:\n    engine: vllm\n    path: /example/\n'
const MODEL = '    model: { name: example, file: /shared/models/example }\n'

function whole(part: string): string {
  const gateway = /^gateway:$/m.test(part) ? '' : `gateway:\n${NETWORKS}`
  const networked = /^ {2}networks:/m.test(part) ? part : part.replace(/^gateway:\n/m, `gateway:\n${NETWORKS}`)
  if (/^tiers:/m.test(part)) return `${SITE}${gateway}${networked}`
  if (/^gateway:/m.test(part)) return `${SITE}${networked}tiers:\n${TIER}${MODEL}`
  if (/^ {2}\w/m.test(part)) return `${SITE}${gateway}tiers:\n${part}`
  return `${SITE}${gateway}tiers:\n${TIER}${/^ {4}model:/m.test(part) ? '' : MODEL}${part}`
}

/** The subcommands of a program of commander, each with its long options. */
function commandsOf(cli: string): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>()
  const starts = [...cli.matchAll(/(?:\b(\w+)\s*)?\.command\('([\w-]+)'/g)]
  let last = ''
  for (const [index, start] of starts.entries()) {
    // Without a name before it, it is below the one before it in its chain.
    const [, parent = last, name = ''] = start
    last = parent === 'sluice' ? name : `${parent} ${name}`
    const part = cli.slice(start.index, starts[index + 1]?.index)
    const options = [...part.matchAll(/(?<!\w)--[a-z][a-z-]*/g)].map(([option]) => option)
    found.set(last, part.includes('configFile()') ? [...options, '--config'] : options)
  }
  return found
}

/** What code in a text calls, as `sluice NAME … --option`; a line of a block, or inline. */
function strayCommands(text: string): string[] {
  const lines = text.split('\n').flatMap(line => {
    const inline = [...line.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
    return inline.length > 0 || !/^(?:\$ |\.\/|sluice )/.test(line) ? inline : [line.replace(/ #.*/, '')]
  })
  return lines.flatMap(line => {
    const [, first = '', second = '', rest = ''] =
      /^(?:\$ )?(?:\.\/)?sluice ([a-z][a-z-]*)(?: ([a-z]+))?(.*)$/.exec(line) ?? []
    if (first === '') return []
    const isGroup = [...commands.keys()].some(name => name.startsWith(`${first} `))
    const name = isGroup ? `${first} ${second}` : first
    const options = commands.get(name)
    if (options === undefined) return [`sluice ${name}`]
    const given = [...`${second} ${rest}`.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([option]) => option)
    return given.filter(option => !options.includes(option)).map(option => `sluice ${name} ${option}`)
  })
}

function strayScripts(text: string): string[] {
  const names = [...text.matchAll(/npm run (?:--silent )?([a-z][\w:-]*)/g)].map(([, name = '']) => name)
  return names.filter(name => !Object.hasOwn(scripts, name)).map(name => `npm run ${name}`)
}
