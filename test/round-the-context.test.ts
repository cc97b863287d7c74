import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const src = join(import.meta.dirname, '../src')

/** What asks the process itself instead of the Context (core/context.ts), and why it may. */
const ROUND_THE_CONTEXT: Readonly<Record<string, string>> = {
  'cli.ts process.argv': 'makes the Context, by the command that is named',
  'cli.ts process.exit': 'the only place that ends the process',
  'cli.ts process.on': 'the signals that the Context passes on',
  'cli.ts process.stderr': 'commander’s words, and what is flushed before the end',
  'cli.ts process.stdout': 'what is flushed before the end',
  'adapters/system/processes.ts process.kill': 'signals for other processes',
  'adapters/system/working-directory.ts process.cwd': 'made for the Context',
  'adapters/system/working-directory.ts process.chdir': 'as above, where that directory was removed',
  'adapters/engine/seal-term.ts process.argv': 'of the Node that becomes the engine',
  'adapters/engine/seal-term.ts process.env': 'of the Node that becomes the engine',
  'adapters/engine/seal-term.ts process.execve': 'the Node that becomes the engine',
  'library/launch-server.ts process.env':
    'a library has no Context: its engines inherit from the program that imports it',
  'programs/updater/serve-account.ts process.execArgv': 'flags of this Node, for the child that runs the same program',
}

/** What hands the process to a function, or something else of that name. */
const HANDED_ON: Readonly<Record<string, string>> = {
  'cli.ts contextOf(process': 'makes the Context',
  'cli.ts hearHangups(process': 'the SIGHUPs that the Context passes on',
  'library/owned-processes.ts identityOf(process': 'a row of /proc',
  'library/process-tracker.ts identityOf(process': 'a row of /proc',
}

const MEMBERS = [
  ...['abort', 'exit', 'exitCode', 'reallyExit', 'kill', 'execve'],
  ...['on', 'once', 'off', 'addListener', 'prependListener', 'removeListener', 'removeAllListeners', 'emit'],
  ...['stdin', 'stdout', 'stderr', 'env', 'argv', 'execArgv'],
  ...['send', 'channel', 'connected', 'disconnect'],
  ...['cwd', 'chdir', 'umask', 'setuid', 'setgid', 'seteuid', 'setegid', 'setgroups'],
]

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))

function found(pattern: RegExp): string[] {
  const all = files.flatMap(name =>
    [...withoutComments(readFileSync(join(src, name), 'utf8')).matchAll(pattern)].map(([what]) => `${name} ${what}`),
  )
  return [...new Set(all)].sort()
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(?<![:'"`\\])\/\/.*$/gm, '')
}

it('nothing asks the process itself but what makes the Context', () => {
  const members = new RegExp(`\\bprocess\\.(?:${MEMBERS.join('|')})\\b`, 'g')
  expect(found(members)).toEqual(Object.keys(ROUND_THE_CONTEXT).sort())
})

it('nothing gets the process by another name, nor signals itself', () => {
  expect(found(/\w+\(process(?=[,)])/g)).toEqual(Object.keys(HANDED_ON).sort())
  const destructured = new RegExp(`\\{[^}]*\\b(?:${MEMBERS.join('|')})\\b[^}]*\\} = process\\b`, 'g')
  expect(found(destructured)).toEqual([])
  expect(found(/node:process|globalThis|\bprocess\[|signal\(process\.pid/g)).toEqual([])
})
