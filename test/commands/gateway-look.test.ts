import { chmod, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, test } from 'vitest'
import { gatewayRender } from '../../src/commands/gateway-render.ts'
import { updater } from '../../src/commands/updater.ts'
import { fingerprintOf } from '../../src/core/domain/engine-key.ts'
import { UserError } from '../../src/core/domain/user-error.ts'
import { endpoint } from '../support/endpoint.ts'
import { recordedContext } from '../support/recorded-context.ts'

const KEY = 'a'.repeat(40)
const NGINX = `#!/bin/sh
echo "nginx version: nginx/1.24.0
configure arguments: --prefix=/etc/nginx --http-log-path=/var/log/nginx/access.log" >&2
`

/**
 * A site whose gateway serves one endpoint, by its routes file: a private nginx does not run, and what the system's runs is
 * for root to say. There is no squeue.
 */
async function site(nginx: 'private' | 'system') {
  const home = await mkdtemp(join(tmpdir(), 'sluice-look-'))
  const shared = join(home, 'shared')
  for (const name of ['endpoints', 'beats', 'routes', 'keys']) await mkdir(join(shared, name), { recursive: true })
  const key = fingerprintOf(KEY)
  await writeFile(join(shared, 'keys', key), `${KEY}\n`, { mode: 0o600 })
  await writeFile(join(shared, 'endpoints', `${endpoint.id}.json`), JSON.stringify({ ...endpoint, key }))
  const routes = { version: 1, gateway: 'main', beat: 1, generation: 3, tiers: { fast: [endpoint.id] } }
  await writeFile(join(shared, 'routes/main.json'), JSON.stringify(routes))
  await writeFile(join(home, 'nginx'), NGINX)
  await chmod(join(home, 'nginx'), 0o755)
  await writeFile(
    join(home, 'sluice.yaml'),
    `site: here
shared: ${shared}
runtime: /cluster/shared/sluice
gateway: { nginx: ${nginx}, networks: [10.0.0.0/24], state: ${home}/state }
tiers:
  fast: { engine: demo, path: / }
  slow: { engine: demo, path: /slow/ }
`,
  )
  const codes: number[] = []
  const context = recordedContext({
    ...{ cwd: home, env: { PATH: home, TMPDIR: home }, endWith: code => void codes.push(code) },
  })
  return { home, shared, context, codes }
}

const said = (text: readonly string[]) => text.join('\n')

it.each([
  ['private', 'state/main/generations/1'],
  ['system', 'sluice_main-fast'],
] as const)('gateway render prints what a %s nginx would read, and no key', async (nginx, part) => {
  const { home, context } = await site(nginx)
  await gatewayRender({}, context)
  const printed = said(context.printed)
  expect(printed).toContain(part)
  expect(printed.includes(`server 10.0.0.12:8080 max_fails=0; # ${endpoint.id}`)).toBe(nginx === 'system')
  if (nginx === 'system') expect(printed).toContain(`default 'Bearer <engine key ${fingerprintOf(KEY)}>'`)
  expect(printed).not.toContain(KEY)
  expect((await readdir(home)).sort()).toEqual(['nginx', 'shared', 'sluice.yaml'])
})

it('gateway render writes into a directory that is empty, and into no other', async () => {
  const { home, context } = await site('system')
  await gatewayRender({ output: 'out', tier: ['slow'] }, context)
  expect((await readdir(join(home, 'out'))).sort()).toEqual(['gateway.conf'])
  expect(context.printed).toEqual(['Wrote out/gateway.conf'])
  const text = await readFile(join(home, 'out/gateway.conf'), 'utf8')
  expect([text.includes('/slow/'), text.includes(endpoint.id)]).toEqual([true, false])
  const refusals = await Promise.all(
    ['out', 'sluice.yaml'].map(output => gatewayRender({ output }, context).catch(error => error)),
  )
  expect(refusals).toEqual([
    new UserError('Cannot write into out: it is not empty; name a directory that is empty or does not exist'),
    new UserError('Cannot write into sluice.yaml: it is a file; name a directory that is empty or does not exist'),
  ])
})

it('gateway render names the tiers where one is not there', async () => {
  const { context } = await site('private')
  await expect(gatewayRender({ tier: ['slwo'] }, context)).rejects.toThrow('Cannot find tier "slwo"')
})

test('a dry run of the updater writes nothing, and its exit code says whether something would change', async () => {
  const { home, shared, context, codes } = await site('private')
  const before = (await readdir(shared, { recursive: true })).sort()
  await updater({ once: true, dryRun: true }, context)
  expect(context.printed.at(-1)).toBe('Would start nginx')
  expect(said(context.printed)).toContain('Not known: Cannot run squeue: it is not on PATH')
  expect(codes).toEqual([3])
  expect((await readdir(shared, { recursive: true })).sort()).toEqual(before)
  expect((await readdir(home)).sort()).toEqual(['nginx', 'shared', 'sluice.yaml'])
  const other = await site('system')
  await updater({ once: true, dryRun: true }, other.context)
  expect(other.context.printed.at(-1)).toBe('Nothing would change')
  expect(other.codes).toEqual([])
})

test('a dry run has one round', async () => {
  const { context } = await site('private')
  await expect(updater({ dryRun: true }, context)).rejects.toThrow(
    new UserError('Cannot dry-run an updater that goes on: add --once'),
  )
})
