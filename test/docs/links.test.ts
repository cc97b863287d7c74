import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** Documents of other projects, whose paths begin as ours do. */
const OTHERS = /(?:ggml\/|vLLM \(|SGLang \(|vLLM's |SGLang's )docs\/[\w./-]+/g

const files = [
  'README.md',
  ...['docs', 'src', 'templates', 'scripts', 'test', 'systemd', 'slurm'].flatMap(filesBelow),
  ...readdirSync(root).filter(name => /\.(?:md|yaml)$/.test(name) && name !== 'README.md'),
]
const present = new Set(files)
const texts = files.filter(isText).map(file => ({ file, text: readFileSync(join(root, file), 'utf8') }))
const documents = texts.filter(({ file }) => file.endsWith('.md'))

describe('documents and what cites them', () => {
  it('are found', () => {
    expect(documents.length).toBeGreaterThan(5)
  })

  it('have no link that leads nowhere', () => {
    expect(documents.flatMap(({ file, text }) => brokenLinks(file, text))).toEqual([])
  })

  it('are there wherever a path below docs/ is written', () => {
    const missing = texts.flatMap(({ file, text }) =>
      pathsIn(text).flatMap(path => (isThere(path) ? [] : [`${file}: ${path}`])),
    )
    expect(missing).toEqual([])
  })

  it('have the heading that is cited', () => {
    expect(texts.flatMap(({ file, text }) => strayCitations(file, text))).toEqual([])
  })

  it('name files of the code that are there', () => {
    const design = documents.filter(({ file }) => file.startsWith('docs/design/'))
    expect(design.flatMap(({ file, text }) => strayFiles(file, text))).toEqual([])
  })
})

describe('a check of documents', () => {
  const heading = 'Unknown is not none'
  const name = 'docs/design/rules.md'

  it('finds a broken link, to a file and to a heading', () => {
    expect(
      brokenLinks('docs/design/overview.md', '[a](rules.md) [b](rules.md#unknown-is-not-none) [c](https://x.org)'),
    ).toEqual([])
    expect(brokenLinks('docs/design/overview.md', '[a](rule.md) [b](rules.md#unknown)')).toEqual([
      'docs/design/overview.md: rule.md',
      'docs/design/overview.md: rules.md#unknown',
    ])
  })

  it('finds a citation of a heading that is not there, also over two lines of a comment', () => {
    const cite = (words: string) => ` * Waits (${words}, ${name}).`
    expect(strayCitations('a.ts', cite(`"${heading.toLowerCase()}"`))).toEqual([])
    expect(strayCitations('a.ts', cite(`"${heading}" and "state is rebuilt"`))).toEqual([])
    expect(strayCitations('a.ts', cite('"unknown is\n * not none"'))).toEqual([])
    expect(strayCitations('a.ts', cite('"unknown is\n * none"'))).toEqual([`a.ts: "unknown is none", ${name}`])
    expect(strayCitations('a.ts', cite(`"${heading}" and "no such rule"`))).toEqual([`a.ts: "no such rule", ${name}`])
  })

  it('finds a path that is not there, and leaves those of other projects alone', () => {
    expect(
      pathsIn('see docs/design/rules.md, docs/design/ and vLLM (docs/contributing/profiling.md)').map(isThere),
    ).toEqual([true, true])
    expect(isThere(['docs', 'design', 'rule.md'].join('/'))).toBe(false)
  })

  it('finds a file of the code that is not there', () => {
    expect(strayFiles('a.md', '`docs/links.test.ts` and `links.test.ts`')).toEqual([])
    expect(strayFiles('a.md', '`design/links.test.ts`')).toEqual(['a.md: design/links.test.ts'])
  })
})

function filesBelow(directory: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
}

function isText(file: string): boolean {
  return /\.(?:md|ts|tsx|mustache|sh|yaml|service|slurm|json)$/.test(file) && file !== 'test/docs/links.test.ts'
}

function brokenLinks(file: string, text: string): string[] {
  const targets = [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return targets.flatMap(target => {
    if (/^[a-z]+:/.test(target)) return []
    const [path = '', anchor] = target.split('#')
    const at = path === '' ? file : normalize(join(dirname(file), path))
    const isFound = isThere(at) && (anchor === undefined || headingsOf(at).some(one => slug(one) === anchor))
    return isFound ? [] : [`${file}: ${target}`]
  })
}

/** Paths below docs/ that stand in a text; of a directory with its slash. */
function pathsIn(text: string): string[] {
  const ours = text.replaceAll(OTHERS, '')
  return [...ours.matchAll(/(?<![\w./-])docs\/(?:[\w-]+\/)*(?:[\w-]+\.md)?/g)]
    .map(([path]) => path)
    .filter(path => path !== 'docs/')
}

function isThere(path: string): boolean {
  return present.has(path) || files.some(file => file.startsWith(path.endsWith('/') ? path : `${path}/`))
}

/** `("a heading", docs/x.md)`, and `("one" and "another", docs/x.md)`. */
function strayCitations(file: string, text: string): string[] {
  if (!text.includes('docs/')) return []
  const flowing = text.replaceAll(/\s*\n\s*(?:\*|\/\/|#)?\s*/g, ' ')
  const citations = flowing.matchAll(/((?:\\?"[^"\n]{1,80}\\?"(?:,? and |, )?)+), (docs\/[\w./-]+\.md)/g)
  return [...citations].flatMap(([, names = '', path = '']) =>
    [...names.matchAll(/"([^"]+?)\\?"/g)].flatMap(([, name = '']) =>
      headingsOf(path).some(one => plain(one) === plain(name)) ? [] : [`${file}: "${name}", ${path}`],
    ),
  )
}

/** By the end of its path, since files move and keep their names: `supervisor/machine.ts`, `machine.ts`. */
function strayFiles(file: string, text: string): string[] {
  const named = [...text.matchAll(/`((?:[\w.-]+\/)*[\w.-]+\.ts)`/g)].map(([, path = '']) => path)
  const ends = (path: string) => files.some(one => one.endsWith(`/${path}`) || one === path)
  return named.filter(path => !path.includes('<') && !ends(path)).map(path => `${file}: ${path}`)
}

function headingsOf(path: string): string[] {
  const text = documents.find(({ file }) => file === path)?.text ?? ''
  return [...withoutCode(text).matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, heading = '']) => heading)
}

function plain(heading: string): string {
  return heading.replaceAll('`', '').replaceAll(/\s+/g, ' ').trim().toLowerCase()
}

/** As GitHub makes it. */
function slug(heading: string): string {
  return plain(heading)
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '')
}
