import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const src = join(import.meta.dirname, '../src')

/** Rooms that may not touch the world: no files, sockets, processes or timers. */
const PURE = ['domain', 'engines', 'config', 'scripts', 'sizing', 'reports']
const WORLD =
  /^(node:)?(fs|fs\/promises|net|http|https|dns|dns\/promises|child_process|timers|timers\/promises|execa|undici|chokidar)$/

/** Every arrow between rooms, and why it is there. What is not here is not allowed. */
const EDGES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  domain: {},
  engines: { domain: 'what an engine is told and answers' },
  config: { domain: 'problems and names', engines: "a tier's engine is a key of ENGINES" },
  scripts: { domain: 'the replica spec', config: 'a script is rendered from a tier' },
  sizing: {},
  reports: {
    domain: 'what is joined for people',
    config: 'the nearest word to a name that there is not',
    sizing: 'plans, as text',
  },
  system: { domain: 'values that effects return' },
  registry: { domain: 'endpoint, beat and routes files', system: 'atomic files, the lane' },
  gateway: { domain: 'the gateway model', system: 'processes, clocks, HTTP' },
  slurm: { domain: 'the job view', system: 'clocks' },
  observe: { domain: 'endpoint states' },
  server: {
    domain: 'addresses and the replica spec',
    config: 'the options of the library, from an object or a file',
    engines: 'how each engine is started and asked',
    system: 'processes, HTTP',
  },
  supervisor: {
    domain: 'endpoints, notices',
    engines: 'the health of an engine, as a type',
    system: 'the Clock, as a type',
  },
  up: { domain: 'endpoints, replica specs', system: 'the Clock, as a type' },
  demo: {},
  updater: { domain: 'endpoints, jobs, the gateway model', system: 'the Clock, as a type' },
  operator: { domain: 'jobs, endpoints, what a replica is asked', system: 'the Clock, as a type' },
}
/** What a band may import as types only. */
const TYPES_ONLY = new Set([
  ...['supervisor → engines', 'supervisor → system', 'updater → system', 'operator → system', 'up → system'],
])

interface Import {
  readonly file: string
  readonly target: string
  readonly typeOnly: boolean
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
const roomOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '')

describe('the bands', () => {
  it('finds the imports that are there', () => {
    expect(imports.length).toBeGreaterThan(100)
  })

  it('have no arrow that the table does not allow', () => {
    const strays = imports
      .filter(one => one.target.endsWith('.ts'))
      .map(one => ({ ...one, from: roomOf(one.file), to: roomOf(one.target) }))
      .filter(({ from, to }) => from !== to && from !== 'commands' && from !== '' && EDGES[from]?.[to] === undefined)
    expect(strays.map(({ file, target }) => `${file} imports ${target}`)).toEqual([])
  })

  it('have no arrow in the table that nobody uses', () => {
    const used = new Set(imports.map(one => `${roomOf(one.file)} → ${roomOf(one.target)}`))
    const unused = Object.entries(EDGES).flatMap(([from, to]) => Object.keys(to).map(room => `${from} → ${room}`))
    expect(unused.filter(edge => !used.has(edge))).toEqual([])
  })

  it('hand loops types and not effects', () => {
    const values = imports.filter(one => TYPES_ONLY.has(`${roomOf(one.file)} → ${roomOf(one.target)}`) && !one.typeOnly)
    expect(values.map(({ file, target }) => `${file} imports values of ${target}`)).toEqual([])
  })

  it('keep pure rooms away from the world', () => {
    const worldly = imports.filter(one => PURE.includes(roomOf(one.file)) && WORLD.test(one.target))
    expect(worldly.map(({ file, target }) => `${file} imports ${target}`)).toEqual([])
    const globals = files
      .filter(file => PURE.includes(roomOf(file)))
      .filter(file =>
        /\b(process\.|setTimeout\(|setInterval\(|fetch\(|Date\.now\(|performance\.now\(|Math\.random\()/.test(
          readFileSync(join(src, file), 'utf8'),
        ),
      )
    expect(globals).toEqual([])
  })

  it('end the process in cli.ts only', () => {
    const ends = files.filter(file => /process\.exit(Code|\()/.test(readFileSync(join(src, file), 'utf8')))
    expect(ends.map(file => relative('.', file))).toEqual(['cli.ts'])
  })
})
