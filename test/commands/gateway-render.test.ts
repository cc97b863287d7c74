import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { gatewayRender } from '../../src/commands/gateway-render.ts'
import { fingerprintOf } from '../../src/core/domain/engine-key.ts'
import { UserError } from '../../src/core/domain/user-error.ts'
import { endpoint } from '../support/endpoint.ts'
import { KEY, openGatewaySite } from '../support/gateway-site.ts'

it.each([
  ['private', 'state/main/generations/1'],
  ['system', 'sluice_main-fast'],
] as const)('prints what a %s nginx would read, and no key', async (nginx, part) => {
  const { home, context } = await openGatewaySite(nginx)
  await gatewayRender({}, context)
  const printed = context.printed.join('\n')
  expect(printed).toContain(part)
  expect(printed.includes(`server 10.0.0.12:8080 max_fails=0; # ${endpoint.id}`)).toBe(nginx === 'system')
  if (nginx === 'system') expect(printed).toContain(`default 'Bearer <engine key ${fingerprintOf(KEY)}>'`)
  expect(printed).not.toContain(KEY)
  expect((await readdir(home)).sort()).toEqual(['nginx', 'shared', 'sluice.yaml'])
})

it('writes into a directory that is empty, and into no other', async () => {
  const { home, context } = await openGatewaySite('system')
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

it('names the tiers where one is not there', async () => {
  const { context } = await openGatewaySite('private')
  await expect(gatewayRender({ tier: ['slwo'] }, context)).rejects.toThrow('Cannot find tier "slwo"')
})
