import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseConfig } from '../../../src/core/config/parse-config.ts'
import type { Config } from '../../../src/core/config/schema.ts'
import { renderUnit, type UnitPlaces, unitTemplate } from '../../../src/core/job-script/render-unit.ts'

const root = join(import.meta.dirname, '../../..')
const places: UnitPlaces = {
  ...{ manager: 'system', account: 'ai' },
  program: '/cluster/shared/sluice/current/sluice',
  configFile: '/etc/sluice/sluice.yaml',
}

async function example(gateway: Partial<Config['gateway']> = {}): Promise<Config> {
  const { config } = parseConfig(await readFile(join(root, 'slurm/beefcake2/sluice.yaml'), 'utf8'), 'sluice.yaml')
  if (config === undefined) throw new Error('The example has problems')
  return { ...config, gateway: { ...config.gateway, ...gateway } }
}

async function unit(change: Partial<UnitPlaces> = {}, gateway: Partial<Config['gateway']> = {}): Promise<string> {
  const all = { ...places, ...change }
  const template = await readFile(join(root, 'templates', unitTemplate(all.manager)), 'utf8')
  return renderUnit(await example(gateway), all, template)
}

// vitest --update writes them.
it.each<[string, Partial<UnitPlaces>, Partial<Config['gateway']>]>([
  ['sluice-updater.service', {}, {}],
  ['user/sluice-updater.service', { manager: 'user', configFile: '/home/ai/sluice.yaml' }, {}],
  [
    'system-nginx/sluice-updater.service',
    { account: 'root', program: '/opt/sluice/current/sluice' },
    { nginx: 'system' },
  ],
])('systemd/%s is what sluice unit prints for slurm/beefcake2', async (file, change, gateway) => {
  await expect(await unit(change, gateway)).toMatchFileSnapshot(join(root, 'systemd', file))
})

it('a unit lets the updater write what the configuration names', async () => {
  const lines = (await unit({}, { state: '/scratch/gateway' })).split('\n')
  expect(lines).toContain('ReadWritePaths=/cluster/shared/ai /scratch/gateway')
  const usual = await unit({}, { state: '/var/lib/sluice/here' })
  expect(usual).toContain('\nReadWritePaths=/cluster/shared/ai\n')
})

it('a word is one word to systemd, whatever stands in it', async () => {
  const lines = (await unit({ configFile: '/home/a b/100%"$HOME\\.yaml' })).split('\n')
  expect(lines.find(line => line.startsWith('ExecStart='))).toBe(
    'ExecStart=/cluster/shared/sluice/current/sluice updater --config "/home/a b/100%%\\"$$HOME\\\\.yaml"',
  )
})

it('no unit gives up for good', async () => {
  for (const manager of ['system', 'user'] as const) {
    const text = await unit({ manager })
    expect(text.slice(0, text.indexOf('[Service]'))).toMatch(/^StartLimitIntervalSec=0$/m)
    expect(text).toMatch(/^Restart=always$/m)
  }
})

it('a dollar is a variable in commands alone', async () => {
  const lines = (await unit({ program: '/opt/$a/sluice' })).split('\n')
  expect(lines).toContain('RequiresMountsFor=/cluster/shared/ai /opt/$a/sluice')
  expect(lines).toContain('ExecStart=/opt/$$a/sluice updater --config /etc/sluice/sluice.yaml')
})

it.each<[Partial<UnitPlaces>, string]>([
  [{ account: 'ai\nExecStartPre=+/tmp/x' }, 'contains a control character'],
  [{ configFile: '/etc/a\n[Service]\nUser=root' }, 'contains a control character'],
  [{ program: '/opt/a\u001b[2J' }, 'contains a control character'],
  [{ program: '+/opt/sluice' }, 'as an absolute path'],
])('no name begins a line, or a right, of its own: %j', async (change, problem) => {
  await expect(unit(change)).rejects.toThrow(problem)
})
