import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CAUSES } from '../../src/core/explain/causes.ts'

const root = join(import.meta.dirname, '../..')
const page = 'docs/troubleshooting.md'
const text = readFileSync(join(root, page), 'utf8')
const entries = text.split(/^(?=#{2,4} )/m).filter(part => part.startsWith('#### '))

describe(page, () => {
  it('has an entry for each finding of doctor and each cause of explain, once, and no other', () => {
    const codes = [...doctorCodes(), ...explainCodes()]
    expect(codes.length).toBeGreaterThan(70)
    const written = entries.map(entry => /^#### `(.+)`$/m.exec(entry)?.[1] ?? entry.slice(0, 40))
    const missing = codes.filter(code => !written.includes(code))
    const stray = written.filter((code, index) => !codes.includes(code) || written.indexOf(code) !== index)
    expect({ missing, stray }, `write the missing entries into ${page}, and remove the stray ones`).toEqual({
      missing: [],
      stray: [],
    })
  })

  it('has what it means and a cure in each entry', () => {
    const unfinished = entries.filter(entry => !/^#### `[^`]+`\n\n\S.+\n\n\*\*Cure:\*\* \S.+\n*$/.test(entry))
    expect(unfinished).toEqual([])
  })
})

describe('the codes of doctor', () => {
  it('are found as plain text, with a name in them, and below another', () => {
    const found = doctorCodesIn(`
      ok('shared.space', what)
      const id = \`tier.nodes.\${name}\`
      const own = { id: \`\${id}.own\` }
      unknown('slurm.version')`)
    expect(found).toEqual(['shared.space', 'tier.nodes.TIER', 'tier.nodes.TIER.own', 'slurm.version'])
  })
})

const BELOW = /^\$\{id\}/

/** What takes the place of a name in a code, as the page writes it. */
const PLACES: Readonly<Record<string, string>> = { 'tier.': 'TIER', 'gateway.port.': 'PORT', '': 'NAME' }

function doctorCodes(): string[] {
  return [...new Set(sources('src/core/doctor').flatMap(doctorCodesIn))]
}

/** The ids of findings stand as text where they are made; `${id}.own` is below the last `id` before it. */
function doctorCodesIn(source: string): string[] {
  const codes =
    /'((?:gateway|shared|runtime|slurm|tier)\.[\w.-]+)'|`((?:gateway|shared|runtime|slurm|tier)\.[^`]+|\$\{id\}\.[\w-]+)`/g
  let last = ''
  return [...withoutComments(source).matchAll(codes)].map(([, plain, template]) => {
    const written = plain ?? template ?? ''
    if (BELOW.test(written)) return written.replace(BELOW, last)
    const place = Object.entries(PLACES).find(([start]) => written.startsWith(start))?.[1] ?? ''
    last = written.replace(/\$\{\w+\}/, place)
    return last
  })
}

/** Those of the table, however it is made, and those that stand as text where an answer is made. */
function explainCodes(): string[] {
  const literal = sources('src/core/explain').flatMap(source =>
    [...withoutComments(source).matchAll(/\b(?:id|cause): '([a-z-]+)'/g)].map(([, code = '']) => code),
  )
  return [...new Set([...CAUSES.map(cause => cause.id), ...literal])]
}

function sources(directory: string): string[] {
  return readdirSync(join(root, directory)).map(name => readFileSync(join(root, directory, name), 'utf8'))
}

function withoutComments(source: string): string {
  return source.replaceAll(/^ *(?:\/\*\*|\*|\/\/).*$/gm, '')
}
