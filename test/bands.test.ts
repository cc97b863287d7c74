import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'

const src = join(import.meta.dirname, '../src')

const WORLD =
  /^(node:)?(fs|fs\/promises|net|http|https|dns|dns\/promises|child_process|timers|timers\/promises|execa|undici|chokidar)$/
const WORLDLY_GLOBALS = /\b(process\.|setTimeout\(|setInterval\(|fetch\(|Date\.now\(|performance\.now\(|Math\.random\()/

/**
 * The files of a program that join its decisions to the effects: only they import values of adapters. Each `run*.ts` is one, and
 * these are others.
 */
const JOINING = new Set([
  ...['updater/roots-programs.ts', 'updater/serve-account.ts', 'updater/own-gateway.ts', 'updater/reload-config.ts'],
  ...['updater/publish-summary.ts', 'updater/site-effects.ts'],
  ...['up/serve.ts', 'up/show.ts', 'up/site.ts', 'up/sweep.ts'],
])

/** `file` is relative to src/programs. */
const isJoining = (file: string) => JOINING.has(file) || /^[a-z]+\/run(-[a-z-]+)?\.ts$/.test(file)

/** Imports that the paths do not allow, and why they are there. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'programs/up/serve.ts → programs/updater/run.ts': '`up` runs an updater in its own process',
  'programs/up/serve.ts → programs/updater/plan-gateway.ts': '`up` runs an updater in its own process',
}

interface Import {
  readonly file: string
  readonly target: string
  readonly typeOnly: boolean
}

/** Where a file stands: `core`, `adapters/slurm`, `programs/updater`, `library`, `commands`, or `top` for src itself. */
function placeOf(file: string) {
  const [band = '', room = ''] = file.split('/')
  if (!file.includes('/')) return { band: 'top', room: '' }
  return { band, room: band === 'adapters' || band === 'programs' ? room : '' }
}

/** The rule of the bands, read from the two paths. */
function isAllowed({ file, target, typeOnly }: Import): boolean {
  const from = placeOf(file)
  const to = placeOf(target)
  if (to.band === 'core') return true
  switch (from.band) {
    case 'core':
      return false
    case 'adapters':
      return to.band === 'adapters' && (to.room === from.room || to.room === 'system')
    case 'programs': {
      if (to.band === 'programs') return to.room === from.room
      return to.band === 'adapters' && (typeOnly || isJoining(file.slice('programs/'.length)))
    }
    case 'library':
      return to.band === 'library' || to.band === 'adapters'
    case 'commands':
      return to.band !== 'top'
    default:
      return true
  }
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(src, file), 'utf8')
  const statements = text.matchAll(
    /^(?:import|export)\s+(type\s)?[^'"`;]*?from\s+'([^']+)'|^import\s+'([^']+)'|import\('([^']+)'\)/gm,
  )
  return [...statements].map(([, type, from, bare, dynamic]) => {
    const target = from ?? bare ?? dynamic ?? ''
    const path = target.startsWith('.') ? normalize(join(dirname(file), target)) : target
    return { file, target: path, typeOnly: type !== undefined }
  })
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))
const imports = files.flatMap(importsOf)
const inside = imports.filter(one => one.target.endsWith('.ts'))

describe('the bands', () => {
  it('finds the imports that are there', () => {
    expect(inside.length).toBeGreaterThan(1000)
  })

  it('import only what their folders allow', () => {
    const strays = inside.filter(one => !isAllowed(one)).map(({ file, target }) => `${file} → ${target}`)
    expect([...new Set(strays)].sort()).toEqual(Object.keys(EXCEPTIONS).sort())
  })

  it('name joining files that exist and join', () => {
    const joins = inside.filter(one => !one.typeOnly && placeOf(one.target).band === 'adapters').map(one => one.file)
    expect([...JOINING].filter(file => !joins.includes(`programs/${file}`))).toEqual([])
  })

  it('have no folder that the rule does not know', () => {
    const bands = new Set(files.map(file => placeOf(file).band))
    expect([...bands].sort()).toEqual(['adapters', 'commands', 'core', 'library', 'programs', 'top'])
    expect(files.filter(file => placeOf(file).band === 'top').sort()).toEqual(['cli.ts', 'index.ts'])
  })

  it('keep core away from the world', () => {
    const worldly = imports.filter(one => one.file.startsWith('core/') && WORLD.test(one.target))
    expect(worldly.map(({ file, target }) => `${file} imports ${target}`)).toEqual([])
    const globals = files
      .filter(file => file.startsWith('core/'))
      .filter(file => WORLDLY_GLOBALS.test(readFileSync(join(src, file), 'utf8')))
    expect(globals).toEqual([])
  })

  it('end the process in cli.ts only', () => {
    const ends = files.filter(file => /process\.exit(Code|\()/.test(readFileSync(join(src, file), 'utf8')))
    expect(ends).toEqual(['cli.ts'])
  })
})
