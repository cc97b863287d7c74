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
  ...each('process.getuid', 'an adapter compares the owner of what it finds with this account', [
    ...['adapters/registry/read-own-file.ts', 'adapters/system/owned-directory.ts'],
  ]),
  ...each('process.getuid', 'an adapter does what only root can do, or need not', [
    ...['adapters/gateway/generation-files.ts', 'adapters/gateway/open-gateway.ts'],
    ...['adapters/gateway/preview-gateway.ts', 'adapters/system/end-sockets.ts'],
  ]),
  'adapters/system/user-state.ts process.getuid': 'root and the owner of the unit’s directory have another place',
  'adapters/gateway/nginx/master-program.ts process.geteuid': 'an nginx of another account is refused',
  'adapters/system/processes.ts process.pid': 'all processes but this one',
  'adapters/system/written-owner.ts process.pid': 'the owner that a lock names',
  'commands/install.ts process.pid': 'names of temporary files that no other install uses',
  'library/launch-server.ts process.pid': 'a library has no Context: a marker that no other program uses',
  ...each('process.pid', 'a local variable: a row of /proc', [
    ...['library/owned-processes.ts', 'library/process-tracker.ts'],
  ]),
  'programs/supervisor/run.ts process.pid': 'without Slurm it stands for a job’s number',
  'programs/up/show.ts process.pid': 'shown to the person at the terminal',
  'programs/updater/run.ts process.pid': 'in the event of its start',
  'adapters/engine/seal-term.ts process.execPath': 'of the Node that becomes the engine',
  'adapters/engine/seal-term.ts process.arch': 'of the Node that becomes the engine: numbers of system calls',
  'adapters/system/end-sockets.ts process.execPath': 'a child of the same Node',
  'adapters/system/end-sockets.ts process.version': 'named where that Node cannot do it',
  'commands/install.ts process.execPath': 'the Node that is installed',
  'commands/install.ts process.version': 'of the Node that is installed',
}

function each(member: string, why: string, files: readonly string[]): Record<string, string> {
  return Object.fromEntries(files.map(file => [`${file} ${member}`, why]))
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
  ...['getuid', 'geteuid', 'getgid', 'getegid', 'getgroups', 'pid', 'ppid', 'title', 'uptime'],
  ...['execPath', 'arch', 'platform', 'version', 'versions'],
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
  // A row of /proc.
  expect(found(destructured).map(one => one.split(' ')[0])).toEqual(['library/process-tracker.ts'])
  expect(found(/node:process|globalThis|\bprocess\[|signal\(process\.pid/g)).toEqual([])
})
