import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StatusReport } from '../../../src/core/status/status-report.ts'
import { until } from '../../support/until.ts'
import { asUser, userArgv } from '../cluster/as-user.ts'
import { readCluster } from '../cluster/cluster-state.ts'
import { onNode } from '../cluster/on-node.ts'
import { lostOf, startClients } from '../site/clients.ts'
import { FAST_MODEL, GATEWAY, nginxPid, openSite, type Site, SLUICE } from '../site/site.ts'

const PATIENCE = { timeoutMs: 60_000 }
const METRICS = 'http://127.0.0.1:9464/metrics'
const TOLD = '/tmp/told'
let site: Site

beforeAll(async () => {
  const notify = ['/bin/sh', '-c', `echo "$SLUICE_TIER $SLUICE_EVENT" >> ${TOLD}`]
  site = await openSite(undefined, {
    gateway: { listen: 8080, networks: ['10.77.0.0/24'], metricsPort: 9464 },
    notify,
  })
  await site.startUpdater()
})
afterAll(() => site.close())

async function metric(line: string): Promise<number | undefined> {
  const text = await (await fetch(METRICS)).text()
  const found = text.split('\n').find(one => one.startsWith(line))
  return found === undefined ? undefined : Number(found.slice(found.lastIndexOf(' ')))
}

const told = async () => (await readFile(TOLD, 'utf8').catch(() => '')).trim().split('\n')

describe('metrics and notifications', () => {
  it('follow a tier as it comes up, and as its replica leaves', async () => {
    await until('its first look', () => metric('sluice_routes{tier="fast"'), {
      ...PATIENCE,
      holds: count => count === 0,
    })
    const [job] = await site.submit('fast', 1)
    await site.serving(1)
    await until('the tier to be told up', told, { ...PATIENCE, holds: lines => lines.at(-1) === 'fast up' })
    expect(await metric('sluice_routes{tier="fast"')).toBe(1)
    expect(await metric('sluice_endpoints{tier="fast",state="ready"')).toBe(1)
    expect(await metric('sluice_reload_seconds_count')).toBeGreaterThan(0)
    expect(await metric('sluice_squeue_seconds_count')).toBeGreaterThan(0)
    await site.sluice('stop', 'fast', '--config', site.configFile)
    await until('the tier to be told down', told, { ...PATIENCE, holds: lines => lines.at(-1) === 'fast down' })
    await until('the drain to be counted', () => metric('sluice_drains_total{tier="fast",outcome="idle"'), {
      ...PATIENCE,
      holds: count => count === 1,
    })
    expect(await told()).toEqual(['fast up', 'fast down'])
    expect(job).toBeDefined()
  })
})

describe('SIGHUP', () => {
  it('takes a checked sluice.yaml without losing a request, and keeps the old one for a bad one', async () => {
    await site.submit('fast', 1)
    await site.serving(1)
    const nginx = nginxPid()
    const load = startClients(4, [{ model: FAST_MODEL, tokens: 50, stream: true }])
    await until('answers', () => load.outcomes.length > 10, PATIENCE)

    const text = await readFile(site.configFile, 'utf8')
    await writeFile(site.configFile, text.replace('path: /\n', 'path: /\n    gatewayPort: 8099\n'))
    process.kill(site.updaterPid(), 'SIGHUP')
    await until('the new port', async () => (await fetch('http://127.0.0.1:8099/health')).status, {
      ...PATIENCE,
      holds: status => status === 200,
    })
    await writeFile(site.configFile, 'tiers: [')
    process.kill(site.updaterPid(), 'SIGHUP')
    await until('the refusal to be said', () => site.updaterSaid(), {
      ...PATIENCE,
      holds: said => said.includes('The old configuration stays'),
    })
    expect((await fetch('http://127.0.0.1:8099/health')).status).toBe(200)
    expect((await fetch(`${GATEWAY}/health`)).status).toBe(200)
    expect(nginxPid()).toBe(nginx)
    expect(lostOf(await load.stop())).toEqual([])
    await writeFile(site.configFile, text)
  })
})

describe('a dry run beside the updater', () => {
  const dryRun = async (config = site.configFile) => {
    const argv = [...SLUICE, 'updater', '--once', '--dry-run', '--config', config]
    const { stdout, exitCode } = await asUser('ai', argv, { reject: false })
    return { lines: String(stdout).split('\n'), exitCode }
  }

  it('finds nothing to change while the updater has done all', async () => {
    const [endpoint] = await site.serving(1)
    process.kill(site.updaterPid(), 'SIGHUP') // sluice.yaml was written since, which a dry run shows
    const { lines } = await until('a dry run without a change', () => dryRun(), {
      ...PATIENCE,
      holds: run => run.exitCode === 0,
    })
    expect(lines.at(-1)).toBe('Nothing would change')
    expect(lines).toContain('gateway.conf: the same')
    expect(lines.find(line => line.startsWith(endpoint?.id ?? '?'))).toMatch(/^\S+ +routed +routed$/)
  })

  it('shows the withdrawal that another sluice.yaml would mean, with its reason, and does nothing', async () => {
    const [endpoint] = await site.serving(1)
    const config = join(dirname(site.configFile), 'elsewhere.yaml')
    const text = await readFile(site.configFile, 'utf8')
    await writeFile(config, text.replace('10.77.0.0/24', '10.99.0.0/24'))
    const { lines, exitCode } = await dryRun(config)
    expect(exitCode).toBe(3)
    expect(lines.find(line => line.startsWith(endpoint?.id ?? '?'))).toMatch(
      / routed +withdrawn +Address \S+ lies outside gateway.networks$/,
    )
    expect(lines.at(-1)).toBe(`Would withdraw ${endpoint?.id}; reload nginx`)
    expect((await site.serving(1))[0]?.id).toBe(endpoint?.id)
  })
})

describe('a machine that is gateway and node at once', () => {
  it('serves the engine that runs on it, at the address by which others reach it', async () => {
    const [endpoint] = await site.serving(1)
    const node = endpoint?.job.node ?? ''
    const config = join(dirname(site.configFile), 'on-node.yaml')
    const text = await readFile(site.configFile, 'utf8')
    const gateway = `gateway:\n  name: second\n  state: ${dirname(config)}/second\n`
    await writeFile(config, text.replace('gateway:\n', gateway).replace(/ *metricsPort: .*\n/, ''))
    await mkdir(join(dirname(config), 'second'))
    await execa('chown', ['ai:', join(dirname(config), 'second')])
    const onIt = (...argv: string[]) => onNode(node, userArgv('ai', [...SLUICE, ...argv, '--config', config]))
    const updater = onIt('updater')
    try {
      const ask = [
        'curl',
        '--silent',
        '--output',
        '/dev/null',
        '--write-out',
        '%{http_code}',
        'http://127.0.0.1:8080/health',
      ]
      await until('an answer on the node', async () => (await onNode(node, ask, { reject: false })).stdout, {
        ...PATIENCE,
        holds: status => status === '200',
      })
      const { tiers } = JSON.parse(String((await onIt('status', '--json')).stdout)) as StatusReport
      expect(tiers[0]?.replicas[0]?.endpoint).toMatchObject({ id: endpoint?.id, routedBy: ['main', 'second'] })
    } finally {
      updater.kill('SIGTERM')
      await updater
      await onIt('gateway', 'stop', '--now')
    }
  })
})

describe('nodes on two networks', () => {
  const text = { before: '', second: '' }
  const secondOf = (address: string) => address.replace('10.77.', '10.78.')

  beforeAll(async () => {
    const { controller, nodes } = await readCluster()
    await execa('ip', ['address', 'add', `${secondOf(controller.address)}/24`, 'dev', 'lab0'])
    for (const { name, address } of nodes) {
      await onNode(name, ['ip', 'address', 'add', `${secondOf(address)}/24`, 'dev', 'eth0'])
    }
    await appendFile('/etc/hosts', nodes.map(({ name, address }) => `${secondOf(address)} ${name}i\n`).join(''))
    text.before = await readFile(site.configFile, 'utf8')
    text.second = text.before.replace('10.77.0.0/24', '10.78.0.0/24')
    await site.sluice('stop', 'fast', '--now', '--config', site.configFile)
    await until('nobody to serve', () => site.endpoints(), { ...PATIENCE, holds: all => all.length === 0 })
  })
  const configure = async (changed: string) => {
    await writeFile(site.configFile, changed)
    process.kill(site.updaterPid(), 'SIGHUP')
  }
  const say = async (...argv: string[]) => {
    const { stdout } = await asUser('ai', [...SLUICE, ...argv, '--config', site.configFile], { reject: false })
    return String(stdout)
  }

  it('are not routed on the one that none of their names leads to, and everybody says why', async () => {
    await configure(text.second)
    const [job = ''] = await site.submit('fast', 1)
    const why = /Address 10\.78\.0\.\d+ is not one of node "(vasp-\d+)" \(10\.77\.0\.\d+\)/
    await until('the reason', () => say('status'), { ...PATIENCE, holds: said => why.test(said) })
    expect(await say('explain', job)).toMatch(why)
    expect(await say('doctor')).toMatch(/fast: vasp-.* lies outside gateway\.networks/)
  })

  it('are routed there as soon as the suffix of their names is said', async () => {
    await configure(text.second.replace('gateway:\n', 'gateway:\n  nodeSuffix: i\n'))
    const [endpoint] = await site.serving(1)
    expect(endpoint?.url).toMatch(/^http:\/\/10\.78\.0\./)
    expect((await fetch(`${GATEWAY}/health`)).status).toBe(200)
    expect(await say('doctor')).toMatch(/fast: engines are reached on vasp-.* in 10\.78\.0\.0\/24/)
  })

  it('listen where their own names lead, whichever network comes first', async () => {
    await configure(text.before.replace('- 10.77.0.0/24', '- 10.78.0.0/24\n    - 10.77.0.0/24'))
    const [job = ''] = await site.submit('fast', 1)
    const endpoints = await until('the new one', () => site.endpoints(), {
      ...PATIENCE,
      holds: all => all.some(one => one.job.id === job && one.state === 'ready'),
    })
    expect(endpoints.find(one => one.job.id === job)?.url).toMatch(/^http:\/\/10\.77\.0\./)
  })
})
