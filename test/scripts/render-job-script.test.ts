import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Config } from '../../src/config/schema.ts'
import { JOB_TEMPLATE, renderJobScript, scriptName } from '../../src/scripts/render-job-script.ts'
import { toReplicaSpec } from '../../src/scripts/to-replica-spec.ts'
import { readTemplate } from '../../src/system/templates.ts'
import { EXAMPLES, exampleConfig, exampleFile, withFastTier } from './example-site.ts'

const template = await readTemplate(JOB_TEMPLATE)

const render = (config: Config, tier = 'fast') => renderJobScript(config, tier, template)

const directives = (script: string) =>
  script.split('\n').flatMap(line => (line.startsWith('#SBATCH ') ? [line.slice('#SBATCH '.length)] : []))

/** What bash would give to the program that the script becomes, the set-up lines having run. */
function runInBash(script: string): { argv: string; stdin: string } {
  const shown = script.replace(/^exec /m, `show() { printf '%s\\n' "$*" >&2; cat; trap - EXIT; exit; }\nshow `)
  const { stdout, stderr } = spawnSync('bash', { input: shown, encoding: 'utf8' })
  return { argv: stderr.trimEnd(), stdin: stdout }
}

describe.each(EXAMPLES)('tier $tier of the example site $site', ({ site, tier, name }) => {
  test('is rendered to its golden file', async () => {
    const config = await exampleConfig(site)
    expect(scriptName(config, tier)).toBe(name)
    const golden = exampleFile(name, site)
    if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(golden, render(config, tier))
    expect(render(config, tier)).toBe(await readFile(golden, 'utf8'))
  })

  test('has a golden file in which bash finds nothing wrong', async () => {
    const script = await readFile(exampleFile(name, site), 'utf8')
    const { status, stderr } = spawnSync('bash', ['-n'], { input: script, encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})

test('the supervisor gets the spec on standard input, whatever stands in it', async () => {
  const nasty = `SLUICE_SPEC\n$(id) \`id\` \\ ' " é \u2028 {{tier}}`
  const config = await withFastTier({ args: [nasty, 'SLUICE_SPEC'], env: { A: nasty } })
  const { argv, stdin } = runInBash(render(config))
  expect(argv).toBe('/cluster/shared/sluice/current/node /cluster/shared/sluice/current/sluice.cjs supervise')
  expect(JSON.parse(stdin)).toEqual(toReplicaSpec(config, 'fast'))
})

test('set-up lines stand as they are written, before the supervisor', async () => {
  const setup = ['module load cuda/12 # "quotes" & all', 'export X=$(hostname); : {{x}}']
  const script = render(await withFastTier({ setup }))
  expect(script).toContain(`\n\n${setup.join('\n')}\nexec `)
})

test.each([
  ['set-up lines that fail', ['exit 3'], 3],
  ['a runtime that is not there', [], 127],
])('%s leave what was printed where sluice logs finds it, and their exit code', async (_, setup, code) => {
  const shared = await mkdtemp(join(tmpdir(), "sluice it's "))
  await mkdir(join(shared, 'logs'))
  const name = `sluice-test-${process.pid}-${code}`
  const printed = `/tmp/${name}-7.log`
  await writeFile(printed, 'what it printed')
  const script = render({ ...(await withFastTier({ setup })), shared, runtime: '/does/not/exist' })
  const env = { ...process.env, SLURM_JOB_NAME: name, SLURM_JOB_ID: '7' }
  expect(spawnSync('bash', { input: script, env }).status).toBe(code)
  expect(await readFile(join(shared, `logs/${name}-7.log`), 'utf8')).toBe('what it printed')
  await rm(printed)
  await rm(shared, { recursive: true })
})

test('a log that the site has placed itself is left there', async () => {
  expect(render(await withFastTier({}, { output: '/scratch/%j.out' }))).not.toContain('keep_output')
})

test('a runtime in an odd place is quoted', async () => {
  const config = { ...(await exampleConfig()), runtime: "/opt/it's here" }
  expect(runInBash(render(config)).argv).toBe("/opt/it's here/current/node /opt/it's here/current/sluice.cjs supervise")
})

test('asks Slurm for all that the tier names', async () => {
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

test('asks for nothing that the tier does not name', async () => {
  const none = { script: undefined, jobName: undefined, partition: undefined, qos: undefined, mem: undefined }
  const config = await withFastTier({}, { ...none, nodelist: undefined, gpus: 0 })
  expect(scriptName(config, 'fast')).toBe('fast.slurm')
  expect(directives(render(config))).toEqual([
    '--job-name=fast',
    '--nodes=1',
    '--ntasks-per-node=1',
    '--open-mode=append',
    '--signal=USR2@120',
    '--output=/tmp/%x-%j.log',
    '--requeue',
  ])
})

test('a template that names what there is not is refused', async () => {
  const config = await exampleConfig()
  expect(() => renderJobScript(config, 'fast', '{{qos}}')).toThrow(
    'Cannot render a template: it names "qos", and the view lacks it',
  )
})
