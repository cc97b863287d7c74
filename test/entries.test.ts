import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const src = join(import.meta.dirname, '../src')

/** Every call that takes text from outside without saying how much at most, and what bounds it all the same. */
const BOUNDED: Readonly<Record<string, string>> = {
  'adapters/system/own-process.ts createInterface': 'a person at a terminal',
  'adapters/demo-engine/serve.ts for await': 'counts the bytes of a body',
  'adapters/system/bounded-lines.ts data': 'counts the bytes of a message',
  'adapters/gateway/generation-files.ts readFile': 'what we wrote, in a directory of ours alone',
  'adapters/gateway/nginx/find-njs.ts readFile': 'a module of the installed nginx',
  'adapters/gateway/nginx/master-program.ts readFile': 'of a process that is proved to be our account’s',
  'adapters/gateway/open-gateway.ts readFileSync': 'the kernel’s, of this process',
  'adapters/registry/copy-redacted.ts createReadStream': 'a chunk at a time, of a log of ours',
  'adapters/registry/copy-redacted.ts for await': 'a chunk at a time, and the length of a key',
  'adapters/gateway/nginx/worker-account.ts readFile': 'the kernel’s, of this process',
  'adapters/engine/process/numa.ts readFile': 'the kernel’s: a number',
  'adapters/slurm/notice-step.ts data': 'keeps the last two thousand characters; of the other only that it came',
  'adapters/system/directory-digest.ts createReadStream': 'a chunk at a time, of a regular file',
  'adapters/system/end-sockets.ts execFile': 'Node’s own bound, a megabyte, of a copy of this program',
  'adapters/system/end-sockets.ts readFile': 'the kernel’s: a number',
  'adapters/system/end-sockets.ts readFileSync': 'what this program gives its copy; the kernel’s, of a process',
  'adapters/system/http.ts for await': 'counts the bytes of an answer',
  'adapters/system/oom-kills.ts readFileSync': 'the kernel’s, of this process and its cgroup',
  'adapters/system/processes.ts readFile': 'the kernel’s: of any process a line, of ours their environments',
  'adapters/system/stream-lines.ts data': 'gives a line that never ends in pieces',
  'adapters/system/stream-text.ts for await': 'counts the bytes',
  'adapters/system/tcp-table.ts readFileSync': 'the kernel’s: the sockets of this network',
}

const CALLS =
  /\b(readFile|readFileSync|createReadStream|createInterface|execFile|body\.(?:json|text|arrayBuffer))\(|\b(for await)\b|\.(?:on|once)\('(data)'|(node:stream\/consumers)/g

it('text from outside has a bound where it enters', () => {
  const found = files().flatMap(({ name, text }) =>
    [...text.matchAll(CALLS)].map(match => `${name} ${match.slice(1).find(Boolean)}`),
  )
  expect([...new Set(found)].sort()).toEqual(Object.keys(BOUNDED).sort())
})

it('a program that is run is waited for with a bound of its output', () => {
  const unbounded = files().filter(({ text }) => {
    const calls = text.match(/\bexeca\(/g)?.length ?? 0
    const bounds = text.match(/\bmaxBuffer: [A-Z_]+|\bstdio: 'ignore'/g)?.length ?? 0
    return calls > bounds
  })
  expect(unbounded.map(one => one.name)).toEqual([])
})

function files(): { name: string; text: string }[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => ({ name, text: readFileSync(join(src, name), 'utf8') }))
}
