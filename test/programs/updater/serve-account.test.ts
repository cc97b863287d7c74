import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import type { DrivenGateway } from '../../../src/adapters/gateway/gateway-ipc.ts'
import { serveAccount } from '../../../src/programs/updater/serve-account.ts'
import { exampleConfig } from '../../support/example-site.ts'
import { recordedContext } from '../../support/recorded-context.ts'

/** A child that hears no TERM; if nobody ends it, it goes by itself, after the test has failed. */
const CHILD = `
import { Socket } from 'node:net'
process.on('SIGTERM', () => undefined)
setTimeout(() => process.exit(), 60_000)
const channel = new Socket({ fd: 3 })
channel.on('error', () => undefined)
`

const gateway: DrivenGateway = {
  apply: () => Promise.reject(new Error('not asked for')),
  // Until the other end is gone.
  running: signal => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  endStreams: () => Promise.resolve({ ended: 0 }),
}

it.each([
  [
    'a message without an end',
    `const pour = () => { while (channel.write('x'.repeat(1 << 20))); channel.once('drain', pour) }; pour()`,
    'a message has more than 8388608 bytes',
  ],
  ['what is no message', `channel.write('GET / HTTP/1.1\\n')`, 'a message is not JSON'],
  [
    'more calls than an updater has',
    `for (let id = 0; id < 17; id += 1) channel.write(JSON.stringify({ id, call: 'running' }) + '\\n')`,
    'more than 16 calls are under way',
  ],
])('an updater that sends root %s is ended, and root with it', async (_, misuse, reason) => {
  await expect(serve(misuse)).rejects.toThrow(`The updater of ai was ended: on its channel ${reason}`)
})

it('an updater that ends well ends root well', async () => {
  await serve(`channel.end(() => process.exit(0))`)
})

it('the account’s half gets the switches of root’s', async () => {
  const wanted = 'updater --config /etc/sluice.yaml --once --log-level warn'
  const code = `process.argv.slice(2).join(' ') === ${JSON.stringify(wanted)} ? 0 : 4`
  await serve(`channel.end(() => process.exit(${code}))`, { once: true, logLevel: 'warn' })
})

async function serve(lines: string, switches: { once?: boolean; logLevel?: string } = {}): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const program = join(directory, 'child.mjs')
  await writeFile(program, CHILD + lines)
  const account = { name: 'ai', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, home: '/' }
  await serveAccount(
    {
      config: await exampleConfig(),
      options: { config: '/etc/sluice.yaml', ...switches },
      account,
      gateway,
      over: new AbortController(),
    },
    recordedContext({ env: { PATH: process.env['PATH'] }, self: [process.execPath, program] }),
  )
}
