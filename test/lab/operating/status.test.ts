import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StatusReport } from '../../../src/core/status/status-report.ts'
import { until } from '../../support/until.ts'
import { asUser } from '../cluster/as-user.ts'
import { RUNTIME_DIRECTORY, SHARED_DIRECTORY } from '../cluster/directories.ts'
import { cancel, preempt } from '../cluster/slurm-view.ts'
import { writeAs } from '../site/files-of.ts'
import { FAST_MODEL, openSite, type Site } from '../site/site.ts'
import { stayConnected } from '../site/stay-connected.ts'

const PATIENCE = { timeoutMs: 60_000 }
/** The command as people find it on their PATH. */
const SLUICE = join(RUNTIME_DIRECTORY, 'current/sluice')
let site: Site
let jobs: string[]

beforeAll(async () => {
  site = await openSite()
  await site.startUpdater()
  jobs = await site.submit('fast', 4)
  await site.serving(3)
})
afterAll(() => site.close())

describe('sluice status', () => {
  it('joins jobs, endpoints and routes, and says why a job waits', async () => {
    const { tiers, gateways, problems } = await report()
    expect(tiers).toHaveLength(1)
    expect(tiers[0]).toMatchObject({
      name: 'fast',
      url: expect.stringMatching(/^http:\/\/.+:8080$/),
      pending: 1,
      running: 3,
      ready: 3,
      draining: 0,
    })
    expect(gateways).toMatchObject([{ name: 'main', routes: 3 }])
    expect(problems).toEqual([])
    const replicas = tiers[0]?.replicas ?? []
    expect(replicas.map(one => one.job)).toEqual(jobs)
    for (const { job, slurm, endpoint } of replicas.slice(0, 3)) {
      expect(slurm).toMatchObject({ state: 'RUNNING' })
      expect(endpoint).toMatchObject({ id: `fast-${job}-0-0`, state: 'ready', routedBy: ['main'] })
    }
    expect(replicas[3]).toMatchObject({ endpoint: null, slurm: { state: 'PENDING', reason: 'Resources' } })
    const { stdout } = await site.sluice('status', '--config', site.configFile)
    expect(String(stdout)).toMatch(/^ {2}\d+ +vasp-0\d +RUNNING +fast-\d+-0-0 +ready +main +/m)
    expect(String(stdout)).toMatch(/^ {2}\d+ +– +PENDING \(Resources\)/m)
  })

  it('takes a silent Slurm for unknown, not for none', async () => {
    const bin = await mkdtemp('/tmp/silent-')
    await chmod(bin, 0o755)
    await writeFile(join(bin, 'squeue'), '#!/bin/sh\necho "Unable to contact slurm controller" >&2; exit 1\n', {
      mode: 0o755,
    })
    const { stdout } = await asUser('ai', [
      'env',
      `PATH=${bin}:/usr/bin:/bin`,
      SLUICE,
      'status',
      '--config',
      site.configFile,
    ])
    expect(String(stdout)).toContain('unknown pending, unknown running, 3 ready')
    expect(String(stdout)).toMatch(/^ {2}\d+ +vasp-0\d +unknown +fast-/m)
    expect(String(stdout)).toContain('Cannot run squeue')
  })

  it('names a file that it cannot read', async () => {
    const file = join(SHARED_DIRECTORY, 'endpoints/fast-99-0-0.json')
    await writeAs('ai', file, '{')
    expect((await report()).problems).toEqual([`${file}: Not JSON (torn, or not an endpoint file)`])
    await rm(file)
  })

  describe('of another account', () => {
    const as = (...argv: string[]) => asUser('vasp', [SLUICE, ...argv, '--config', site.configFile], { reject: false })
    const REFUSAL = /it belongs to ai \(uid 2001\), and this is vasp \(uid 2002\); run sluice as ai/
    const summary = async () => JSON.parse(String((await as('status', '--json')).stdout) || '{}')

    it('names the account to be, and what would let others see', async () => {
      const { exitCode, stderr } = await as('status')
      expect([exitCode, String(stderr).split('\n')]).toEqual([
        2,
        [
          expect.stringMatching(REFUSAL),
          expect.stringMatching(/^Cannot read the summary .*: permission denied; .*chmod o\+x/),
        ],
      ])
      for (const argv of [
        ['stop', 'fast'],
        ['drain', 'fast-1-0'],
        ['submit', 'fast'],
        ['explain', 'fast'],
        ['logs', 'fast'],
        ['updater'],
      ]) {
        const refused = await as(...argv)
        expect([argv, refused.exitCode, refused.stderr]).toEqual([argv, 2, expect.stringMatching(REFUSAL)])
      }
    })

    it('shows what the updater publishes, to be read and no more, and says when it is stale', async () => {
      await execa('chmod', ['o+x', SHARED_DIRECTORY])
      try {
        const { tiers } = await until('a summary of all', summary, {
          ...PATIENCE,
          holds: found => found.tiers?.[0]?.pending === 1 && found.tiers[0].ready === 3,
        })
        expect(tiers[0]).toMatchObject({ name: 'fast', url: expect.stringMatching(/:8080$/), running: 3 })
        expect(tiers[0].replicas.map((one: { job: string }) => one.job)).toEqual(jobs)
        expect(tiers[0].replicas[0].endpoint).toMatchObject({ state: 'ready', routedBy: ['main'], url: null })
        expect(tiers[0].replicas[3].slurm).toMatchObject({ reason: 'Resources', queuedSince: expect.any(Number) })
        const { stdout } = await as('status')
        expect(String(stdout)).toMatch(/^summary by the updater of gateway main, \d+ s old \(ai sees more\)\n/)
        expect(String(stdout)).toMatch(/^ {2}http:\/\/\S+:8080, models .*strand-rust-coder/m)
        expect(String(stdout)).toMatch(/^ {2}\d+ +– +PENDING \(Resources\), since \d{4}-/m)
        expect((await asUser('vasp', ['cat', `${SHARED_DIRECTORY}/site.key`], { reject: false })).exitCode).toBe(1)
        const file = `${SHARED_DIRECTORY}/status/main.json`
        expect((await execa('stat', ['-c', '%a', file, `${SHARED_DIRECTORY}/status`])).stdout).toBe('644\n755')

        await site.stopUpdater('SIGKILL')
        await execa('touch', ['--date=1 hour ago', file])
        expect(await summary()).toMatchObject({
          summary: { account: 'ai', isStale: true },
          problems: [expect.stringMatching(/^The summary was last written at .*: the updater of ai does not run/)],
        })
        const named = await asUser('vasp', [SLUICE, 'status', '--summary', file])
        expect(String(named.stdout)).toMatch(/^STALE, no longer written: summary /)
      } finally {
        await execa('chmod', ['o-x', SHARED_DIRECTORY])
        await site.startUpdater()
        await site.serving(3)
      }
    })
  })

  it('follows a preemption, and says what drains and why', async () => {
    const [leaving] = await site.endpoints()
    if (leaving === undefined) throw new Error('nobody serves')
    const watching = site.sluice('status', '--watch', '--config', site.configFile)
    let seen = ''
    watching.stdout?.on('data', chunk => {
      seen += chunk
    })
    await until('a first look', () => seen.includes(leaving.id), PATIENCE)
    const client = stayConnected(leaving)
    const preemptor = await preempt(leaving.job.node)
    const drained = await until('the drain', async () => replicaOf(await report(), leaving.id), {
      ...PATIENCE,
      holds: one => endpointOf(one)?.state === 'draining' && endpointOf(one)?.routedBy?.length === 0,
    })
    expect(drained).toMatchObject({
      slurm: { state: 'RUNNING, being preempted' },
      endpoint: { message: 'Draining: preempted' },
    })
    // It looks every two seconds, and the drain is over when the client has left.
    const drains = /draining {2}routed by \S+ {2}Draining: preempted$/m
    await until('what drains', () => drains.test(seen), PATIENCE)
    client.leave()
    await until('its end', () => seen.includes(`${leaving.id}  gone\n`), PATIENCE)
    watching.kill('SIGINT')
    expect((await watching).exitCode).toBe(0)
    await cancel(preemptor)
  })

  it('is drawn again and again on a terminal, until Ctrl-C', async () => {
    const command = `${SLUICE} status --watch --config ${site.configFile}`
    const [program, ...rest] = ['script', '--quiet', '--return', '--command', command, '/dev/null'] as const
    const terminal = asUser('ai', [program, ...rest])
    let seen = ''
    terminal.stdout?.on('data', chunk => {
      seen += chunk
    })
    await until('three looks', () => seen.split('\u001b[H\u001b[2J').length > 3, PATIENCE)
    terminal.stdin?.write('\u0003')
    expect((await terminal).exitCode).toBe(0)
  })
})

describe('sluice logs', () => {
  it('shows what a replica said, and what the updater said of it', async () => {
    const [one] = await site.serving(3)
    const { stdout, stderr } = await until(
      'its engine to be shown',
      () => site.sluice('logs', one?.id ?? '', '--json', '--config', site.configFile),
      { ...PATIENCE, holds: ({ stdout }) => String(stdout).includes(`${one?.job.id}/engine-0.log | `) },
    )
    expect(String(stdout)).toMatch(
      new RegExp(`^fast-${one?.job.id}-${one?.job.restarts} \\| .*"event":"ready","id":"${one?.id}"`, 'm'),
    )
    expect(String(stdout)).toMatch(new RegExp(`^updater-main \\| .*"id":"${one?.id}","standing":"Routed"`, 'm'))
    expect(String(stderr)).toBe('')
  })

  it('follows what engines print while they live, and on to the whole of it when they end', async () => {
    const [one] = await site.serving(3)
    const label = `${one?.job.id}/engine-0.log`
    const command = ['logs', one?.id ?? '', '--follow', '--json', '--lines', '1', '--config', site.configFile]
    const following = site.sluice(...command)
    let seen = ''
    following.stdout?.on('data', chunk => {
      seen += chunk
    })
    await until('its first look', () => seen !== '', PATIENCE)
    const earlier = seen.length
    const key = (await readFile(join(SHARED_DIRECTORY, 'site.key'), 'utf8')).trim()
    const authorization = `Bearer ${key}`
    const body = JSON.stringify({ model: FAST_MODEL, max_tokens: 4, messages: [{ role: 'user', content: 'hello' }] })
    const answer = await fetch(`${one?.url}/v1/chat/completions`, { method: 'POST', headers: { authorization }, body })
    expect(answer.status).toBe(200)
    await until('what the engine says of it', () => seen.slice(earlier), {
      ...PATIENCE,
      holds: text => text.includes(`${label} | `),
    })
    expect((await site.serving(3)).map(({ id }) => id)).toContain(one?.id)

    await site.sluice('drain', one?.id ?? '', '--config', site.configFile)
    await until('the end of its job', () => seen.includes('"event":"cancelled"'), PATIENCE)
    const lastWords = async () => {
      const kept = await readFile(join(SHARED_DIRECTORY, 'logs', label), 'utf8')
      return seen.includes(`${label} | ${kept.trimEnd().split('\n').at(-1)}\n`)
    }
    await until('its last words', lastWords, PATIENCE)
    expect(seen).toContain('"event":"draining"')
    // Nothing twice: it began with the last line.
    expect(seen).not.toContain(`${label} | sluice: starts`)
    expect(seen).not.toContain(key)
    following.kill('SIGINT')
    expect((await following).exitCode).toBe(0)
  })

  it('knows a job that Slurm and the registry have forgotten by its log', async () => {
    await writeAs('ai', join(SHARED_DIRECTORY, 'logs/llama-14b-999999.log'), 'long ago\n')
    const { stdout } = await site.sluice('logs', 'fast-999999-3', '--config', site.configFile)
    expect(stdout).toBe('llama-14b-999999.log | long ago')
    const refused = await site.sluice('logs', 'fats', '--config', site.configFile).catch(error => error)
    expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining('did you mean "fast"')])
  })
})

describe('sluice doctor', () => {
  const levels = async () => {
    const { stdout, exitCode } = await asUser('ai', [SLUICE, 'doctor', '--json', '--config', site.configFile], {
      reject: false,
    })
    const findings: { id: string; level: string }[] = JSON.parse(String(stdout)).findings
    return { exitCode, levels: Object.fromEntries(findings.map(({ id, level }) => [id, level])) }
  }

  it('finds the lab to be set up right', async () => {
    const { exitCode, levels: found } = await levels()
    expect(exitCode).toBe(0)
    expect(found).toEqual({
      'gateway.nginx': 'ok',
      'gateway.njs': 'note',
      'gateway.port.8080': 'ok',
      'gateway.streams': expect.stringMatching(/^(ok|warning)$/), // by this machine's kernel.yama.ptrace_scope
      'shared.owner': 'ok',
      'shared.permissions': 'ok',
      'shared.summary': 'note',
      'shared.space': 'ok',
      'shared.key': 'ok',
      'shared.visible': 'ok',
      'shared.events': 'ok',
      'runtime.current': 'ok',
      'runtime.updater.main': 'ok',
      'runtime.endpoints': 'ok',
      'slurm.version': 'ok',
      'slurm.preemption': 'ok',
      'slurm.kill-wait': 'ok',
      'slurm.min-job-age': 'ok',
      'slurm.requeue-delay': 'ok',
      'tier.partition.fast': 'ok',
      'tier.grace.fast': 'ok',
      'tier.preempt-mode.fast': 'ok',
      'tier.shared-nodes.fast': 'note',
      'tier.nodes.fast': 'ok',
      'tier.engine.fast': 'unknown',
    })
  })

  it('accepts what sluice init writes, as soon as its directories are there', async () => {
    const place = '/cluster/shared/first'
    await execa('install', ['-d', '-o', 'ai', '-m', '0750', place, `${place}/state`, `${place}/runtime`])
    const sluice = (...argv: string[]) => asUser('ai', [SLUICE, ...argv], { cwd: place, reject: false })
    const written = await sluice('init', '--yes', '--partition', 'gpu_ai', '--shared', place, '--site', 'first')
    expect(String(written.stdout)).toContain('Wrote sluice.yaml: networks 10.77.0.0/24 (vasp-01, vasp-02, vasp-03)')
    // The other site here has its port.
    await execa('sed', ['-i', 's/127.0.0.1:8080/127.0.0.1:8099/', `${place}/sluice.yaml`])
    expect(await sluice('config', 'check')).toMatchObject({ exitCode: 0 })
    expect(await sluice('install', '--to', `${place}/runtime`)).toMatchObject({ exitCode: 0 })
    expect(await sluice('doctor')).toMatchObject({ exitCode: 0, stderr: '' })
    await execa('rm', ['-r', place])
  })

  it('tells what a GraceTime of 0 means, and fails', async () => {
    const set = (seconds: string) => execa('scontrol', ['update', 'PartitionName=gpu_ai', `GraceTime=${seconds}`])
    const { stdout: before } = await execa('scontrol', ['--oneliner', 'show', 'partition', 'gpu_ai'])
    await set('0')
    try {
      const { exitCode, stdout, stderr } = await asUser('ai', [SLUICE, 'doctor', '--config', site.configFile], {
        reject: false,
      })
      expect([exitCode, stderr]).toEqual([1, 'This site is not set up right: 1 problem'])
      expect(String(stdout)).toContain('  problem  fast: GraceTime of partition gpu_ai is 0\n')
    } finally {
      await set(/GraceTime=(\d+)/.exec(before)?.[1] ?? '20')
    }
  })

  it('tells another account that the site is not its own, and blames no gateway that it may not look at', async () => {
    const { exitCode, stdout } = await execa(SLUICE, ['doctor', '--json', '--config', site.configFile], {
      reject: false,
    })
    const findings: { id: string; level: string }[] = JSON.parse(stdout).findings
    expect(exitCode).toBe(1)
    const of = (level: string) => findings.filter(one => one.level === level).map(one => one.id)
    expect(of('problem')).toEqual(['shared.owner'])
    expect(of('unknown')).toContain('gateway.port.8080')
  })
})

async function report(): Promise<StatusReport> {
  const { stdout } = await site.sluice('status', '--json', '--config', site.configFile)
  return JSON.parse(String(stdout))
}

function replicaOf({ tiers }: StatusReport, id: string) {
  return tiers.flatMap(tier => tier.replicas).find(one => endpointOf(one)?.id === id)
}

function endpointOf(replica: StatusReport['tiers'][number]['replicas'][number] | undefined) {
  return typeof replica?.endpoint === 'object' ? (replica.endpoint ?? undefined) : undefined
}
