import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readTemplate } from '../../../src/adapters/system/templates.ts'
import type { Config } from '../../../src/core/config/schema.ts'
import { shellWord } from '../../../src/core/job-script/quoting.ts'
import { JOB_TEMPLATE, renderJobScript, scriptName } from '../../../src/core/job-script/render-job-script.ts'
import { toReplicaSpec } from '../../../src/core/job-script/to-replica-spec.ts'
import { EXAMPLES, exampleConfig, exampleFile, withFastTier } from '../../support/example-site.ts'

const template = await readTemplate(JOB_TEMPLATE)

const render = (config: Config, tier = 'fast') => renderJobScript(config, tier, template)

const directives = (script: string) =>
  script.split('\n').flatMap(line => (line.startsWith('#SBATCH ') ? [line.slice('#SBATCH '.length)] : []))

/** What bash would give to the program that the script becomes, the set-up lines having run. */
function runInBash(script: string): { argv: string; stdin: string } {
  const shown = script
    .replace(/^exec >>.*$/m, '')
    .replace(/^exec /m, `show() { printf '%s\\n' "$*" >&2; cat; trap - EXIT; exit; }\nshow `)
  const { stdout, stderr } = spawnSync('bash', { input: shown, encoding: 'utf8' })
  return { argv: stderr.trimEnd(), stdin: stdout }
}

describe.each(EXAMPLES)('tier $tier of the example site $site', ({ site, tier, name }) => {
  it('is rendered to its golden file', async () => {
    const config = await exampleConfig(site)
    expect(scriptName(config, tier)).toBe(name)
    const golden = exampleFile(name, site)
    if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(golden, render(config, tier))
    expect(render(config, tier)).toBe(await readFile(golden, 'utf8'))
  })

  it('has a golden file in which bash finds nothing wrong', async () => {
    const script = await readFile(exampleFile(name, site), 'utf8')
    const { status, stderr } = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})

it('the supervisor gets the spec on standard input, whatever stands in it', async () => {
  const nasty = `SLUICE_SPEC\n$(id) \`id\` \\ ' " é \u2028 {{tier}}`
  const config = await withFastTier({ args: [nasty, 'SLUICE_SPEC'], env: { A: nasty } })
  const { argv, stdin } = runInBash(render(config))
  expect(argv).toBe('/cluster/shared/sluice/current/node /cluster/shared/sluice/current/sluice.cjs supervise')
  expect(JSON.parse(stdin)).toEqual(toReplicaSpec(config, 'fast'))
})

it('a log level other than info is exported before the set-up lines', async () => {
  const config = await withFastTier({})
  expect(render(config)).not.toContain('SLUICE_LOG_LEVEL')
  expect(render({ ...config, log: 'warn' })).toContain('\nexport SLUICE_LOG_LEVEL=warn\nexec ')
})

it('set-up lines stand as they are written, before the supervisor', async () => {
  const setup = ['module load cuda/12 # "quotes" & all', 'export X=$(hostname); : {{x}}']
  const script = render(await withFastTier({ setup }))
  expect(script).toContain(`\n\n${setup.join('\n')}\nexec `)
})

it.each([
  ['set-up lines that fail', ['exit 3'], 3],
  ['a runtime that is not there', [], 127],
])('%s leave what was printed where sluice logs finds it, and their exit code', async (_, setup, code) => {
  const shared = await mkdtemp(join(tmpdir(), "sluice it's "))
  await mkdir(join(shared, 'logs'))
  const script = render({
    ...(await withFastTier({ setup: ['echo printed', ...setup] })),
    shared,
    runtime: '/not/there',
  })
  expect(runAsJob(script, shared)).toBe(code)
  expect(await readFile(join(shared, 'logs/test-7.log'), 'utf8')).toMatch(/^printed\n/)
  await rm(shared, { recursive: true })
})

describe('the output of a script that has none of its own', () => {
  const uid = process.getuid?.()
  let directory = ''
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sluice-test-'))
    await mkdir(join(directory, 'logs'))
  })
  afterEach(() => rm(directory, { recursive: true }))
  const run = async () => {
    const config = { ...(await withFastTier({ setup: ['echo printed', 'exit 3'] })), shared: directory }
    return runAsJob(render(config), directory)
  }

  it('lies in a directory that is ours alone, also that of the next run', async () => {
    expect([await run(), await run()]).toEqual([3, 3])
    const own = join(directory, `sluice-${uid}`)
    expect((await stat(own)).mode & 0o777).toBe(0o700)
    expect(await readFile(join(own, 'test-7.log'), 'utf8')).toBe('printed\nprinted\n')
  })

  it.each([
    ['a link', (place: string) => symlink('elsewhere', place)],
    ['a file', (place: string) => writeFile(place, '')],
  ])('goes elsewhere where another account has put %s in its place', async (_, put) => {
    await mkdir(join(directory, 'elsewhere'))
    await put(join(directory, `sluice-${uid}`))
    expect(await run()).toBe(3)
    expect(await readdir(join(directory, 'elsewhere'))).toEqual([])
    const [own = ''] = (await readdir(directory)).filter(name => name.startsWith(`sluice-${uid}-`))
    expect((await stat(join(directory, own))).mode & 0o777).toBe(0o700)
    expect(await readFile(join(directory, own, 'test-7.log'), 'utf8')).toBe('printed\n')
  })
})

/** Its exit code as job 7, with `temporary` in the place of /tmp. */
function runAsJob(script: string, temporary: string): number | null {
  const env = { ...process.env, SLURM_JOB_NAME: 'test', SLURM_JOB_ID: '7' }
  const input = script.replace('=/tmp/sluice-', `=${shellWord(temporary)}/sluice-`)
  return spawnSync('bash', { input, env }).status
}

it('a log that the site has placed itself is left there', async () => {
  expect(render(await withFastTier({}, { output: '/scratch/%j.out' }))).not.toContain('keep_output')
})

it('a runtime in an odd place is quoted', async () => {
  const config = { ...(await exampleConfig()), runtime: "/opt/it's here" }
  expect(runInBash(render(config)).argv).toBe("/opt/it's here/current/node /opt/it's here/current/sluice.cjs supervise")
})

it('asks Slurm for all that the tier names', async () => {
  const config = await withFastTier(
    {},
    {
      ...{ account: 'physics', nodes: 3, nodelist: 'vasp-[01-03]', gpus: 4, cpus: 16, time: '2-00:00:00' },
      ...{
        exclusive: true,
        signalLeadSeconds: 60,
        output: '/logs/%j.out',
        extra: ['--constraint="a&b"', '-x vasp-09'],
      },
    },
  )
  expect(directives(render(config))).toEqual([
    '--job-name=llama-14b',
    '--partition=gpu_ai',
    '--qos=ai_opportunistic',
    '--account=physics',
    '--nodes=3',
    '--ntasks-per-node=1',
    '--gpus-per-node=4',
    '--cpus-per-task=16',
    '--mem=64G',
    '--time=2-00:00:00',
    '--nodelist=vasp-[01-03]',
    '--open-mode=append',
    '--signal=USR2@60',
    '--output=/logs/%j.out',
    '--exclusive',
    '--requeue',
    '--constraint="a&b"',
    '-x vasp-09',
  ])
})

it('asks for nothing that the tier does not name', async () => {
  const none = { script: undefined, jobName: undefined, partition: undefined, qos: undefined, mem: undefined }
  const config = await withFastTier({}, { ...none, nodelist: undefined, gpus: 0 })
  expect(scriptName(config, 'fast')).toBe('fast.slurm')
  expect(directives(render(config))).toEqual([
    '--job-name=fast',
    '--nodes=1',
    '--ntasks-per-node=1',
    '--open-mode=append',
    '--signal=USR2@120',
    '--output=/dev/null',
    '--requeue',
  ])
})

it.each([
  [{ gpus: 'a100:4' }, ['--gpus-per-node=a100:4'], undefined],
  [{ gpus: '1g.10gb:2' }, ['--gpus-per-node=1g.10gb:2'], undefined],
  [{ gpus: 4, requestGpus: false, exclusive: true }, [], true],
  [{ gpus: 4, requestGpus: false, extra: ['--gres=gpu:a100:4'] }, ['--gres=gpu:a100:4'], undefined],
])('GPUs of %j are asked for by %j', async (slurm, asked, allGpus) => {
  const config = await withFastTier({ tensorParallel: 2 }, slurm)
  expect(directives(render(config)).filter(line => line.includes('gpu') && !line.includes('gpu_ai'))).toEqual(asked)
  const spec = toReplicaSpec(config, 'fast')
  expect([spec.endpoints, spec.allGpus]).toEqual([String(slurm.gpus).endsWith('2') ? 1 : 2, allGpus])
})

it('a template that names what there is not is refused', async () => {
  const config = await exampleConfig()
  expect(() => renderJobScript(config, 'fast', '{{qos}}')).toThrow(
    'Cannot render a template: it names "qos", and the view lacks it',
  )
})
