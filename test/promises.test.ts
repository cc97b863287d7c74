import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, it } from 'vitest'

const src = join(import.meta.dirname, '../src')

/**
 * What is not waited for and needs no catch, and why. A promise that rejects with nobody to hear of it ends the process, and
 * of a supervisor with it the engine. The linter sees a promise that is dropped without `void`.
 */
const HEARD: Readonly<Record<string, string>> = {
  'cli.ts main': 'what it throws ends the process',
  'cli.ts import': 'what it throws is an error of the thread',
  'cli.ts process.stderr.write': 'no promise',
  'adapters/system/end-at-signal.ts clock.sleep': 'a sleep never rejects',
  'core/text/line-printer.ts stream.write': 'no promise',
  'adapters/system/terminal.ts stream.write': 'no promise',
  'commands/up.ts systemClock.sleep': 'a sleep never rejects',
  'core/sizing/memory.ts bytes.set': 'no promise',
  'programs/supervisor/endpoint-runner.ts every': 'its work is an attempt, which records what it throws',
  'programs/supervisor/endpoint-runner.ts publish': 'an attempt, which records what it throws',
  'programs/supervisor/loop.ts every': 'a tick, or an attempt',
  'adapters/system/hangups.ts listeners.delete': 'no promise',
  'programs/updater/dead-streams.ts endThose': 'catches what its gateway throws',
  'programs/updater/node-addresses.ts ask': 'catches what its network throws',
  'programs/updater/routing.ts clock.sleep': 'a sleep never rejects',
  'programs/updater/suspects.ts tryPort': 'catches what its network throws',
}

it('no promise is dropped without a catch', () => {
  const dropped = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .flatMap(name =>
      droppedIn(readFileSync(join(src, name), 'utf8')).map(callee => `${relative(src, join(src, name))} ${callee}`),
    )
  expect([...new Set(dropped)].sort()).toEqual(Object.keys(HEARD).sort())
})

it('a catch, or a second function of then, is seen at the end of a chain', () => {
  expect(
    droppedIn(`
      void a().catch(b)
      void a.b?.c(')').then(d).catch(e => f(e, g))
      void a().then(b, c)
      void a.then(b, c)
      return void a()
      x = () => void a().then(b => [c, d])
      void a().catch(b).then(c)
      const f = (): void => g()
    `),
  ).toEqual(['a', 'a', 'a'])
})

/** Callees of the calls whose result is dropped by `void`, and whose last link hears of no rejection. */
function droppedIn(text: string): string[] {
  return [...text.matchAll(/(?<![:|<] ?)\bvoid ([\w#.?]+)\(/g)].flatMap(match => {
    const [, callee = ''] = match
    const [name, args = 0] = linksOf(text, match.index + match[0].length - 1).at(-1) ?? []
    const last = name || callee.split('.').at(-1)
    return last === 'catch' || (last === 'then' && args > 1) ? [] : [callee]
  })
}

/** The calls of a chain, each by its name and how many arguments it has; `at` is where the first one's bracket opens. */
function linksOf(text: string, at: number): [string, number][] {
  const links: [string, number][] = []
  let name = ''
  for (let open = at; ; ) {
    let depth = 0
    let args = 1
    let end = open
    for (let quote = ''; end < text.length; end++) {
      const char = text[end] ?? ''
      if (quote !== '') quote = char === quote ? '' : quote
      else if (`'"\``.includes(char)) quote = char
      else if ('([{'.includes(char)) depth += 1
      else if (')]}'.includes(char)) depth -= 1
      else if (char === ',' && depth === 1 && !/^\s*\)/.test(text.slice(end + 1))) args += 1
      if (depth === 0) break
    }
    links.push([name, args])
    const next = /^\s*\??\.(\w+)\(/.exec(text.slice(end + 1))
    if (next === null) return links
    name = next[1] ?? ''
    open = end + next[0].length
  }
}
