import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configurationFiles } from '../../scripts/configuration-page.ts'

const root = join(import.meta.dirname, '../..')

describe('what is written from the schema of sluice.yaml', () => {
  it.each([...configurationFiles()])('%s is equal to it', (path, text) => {
    expect(readFileSync(join(root, path), 'utf8'), `${path} is out of date: run npm run docs`).toBe(text)
  })

  it('is the JSON Schema, and a page with a section for each table and a row for each key', () => {
    const files = configurationFiles()
    expect([...files.keys()]).toEqual(['sluice.schema.json', 'docs/configuration.md'])
    const page = files.get('docs/configuration.md') ?? ''
    const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
    expect(headings).toEqual(expect.arrayContaining(['Top level', '`gateway`', '`tiers.NAME`', '`tiers.NAME.slurm`']))
    expect(page).toContain('| `beatSeconds` | number above 0, up to 86400 | `5` |')
    expect(page).toContain('| `partition` | text |  | sbatch --partition. Example: `gpu_ai`. |')
  })
})
