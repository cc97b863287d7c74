import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { init } from '../../src/commands/init.ts'
import { parseConfig } from '../../src/core/config/parse-config.ts'
import { STARTING_ENGINES } from '../../src/core/config/starting-config.ts'
import { FakeSlurm } from '../support/fake-slurm.ts'
import { recordedContext } from '../support/recorded-context.ts'

const PARTITIONS = `PartitionName=cpu Default=YES Nodes=c[01-02] State=UP
PartitionName=gpu_ai Default=NO Nodes=127.0.0.1 State=UP`

async function place() {
  const slurm = await FakeSlurm.open()
  await slurm.does('scontrol', `case "$*" in *partition*) echo "${PARTITIONS}" ;; *) echo 127.0.0.1 ;; esac`)
  const context = recordedContext({ cwd: slurm.home, env: slurm.env })
  const written = (name = 'sluice.yaml') => readFile(join(slurm.home, name), 'utf8')
  return { slurm, context, written, [Symbol.asyncDispose]: () => slurm[Symbol.asyncDispose]() }
}

it('asks for what no option says, offers what it found, and writes what is accepted', async () => {
  await using site = await place()
  const asked: string[][] = []
  const ask = async (question: string, otherwise: string) => {
    asked.push([question, otherwise])
    return question.startsWith('Networks') ? '10.0.0.0/24' : otherwise
  }
  await init({ partition: 'gpu_ai', shared: '/cluster/ai/' }, site.context, ask)
  expect(asked).toEqual([
    ['Networks of its nodes, in CIDR notation', ''],
    ['Engine (llama.cpp, vllm, sglang, tei)', 'llama.cpp'],
    ['Model: path of a .gguf file on the nodes', '/cluster/ai/models/model.gguf'],
  ])
  const { config, problems } = parseConfig(await site.written(), 'sluice.yaml')
  expect(problems).toEqual([])
  expect(config).toMatchObject({
    ...{ shared: '/cluster/ai/state', runtime: '/cluster/ai/runtime' },
    gateway: { networks: ['10.0.0.0/24'], listen: '127.0.0.1:8080' },
    tiers: { chat: { engine: 'llama.cpp', model: { name: 'model' }, slurm: { partition: 'gpu_ai', gpus: 1 } } },
  })
  expect(site.context.printed.join('\n')).toMatch(/install -d -o sluice|mkdir -p -m 0751/)
  expect(site.context.printed.join('\n')).toContain('sluice install --to /cluster/ai/runtime')
})

it.each(STARTING_ENGINES)('asks nothing without a terminal, and writes a file for %s that is one', async engine => {
  await using site = await place()
  await init({ engine, network: ['10.0.0.0/24', '10.1.0.0/16'] }, site.context)
  const { config, problems } = parseConfig(await site.written(), 'sluice.yaml')
  expect(problems).toEqual([])
  expect(Object.values(config?.tiers ?? {})).toMatchObject([{ engine, slurm: { partition: 'cpu' } }])
  expect(config?.shared).toBe(`${site.slurm.home}/sluice/state`)
})

it('overwrites nothing', async () => {
  await using site = await place()
  await writeFile(join(site.slurm.home, 'sluice.yaml'), 'mine')
  await expect(init({ network: ['10.0.0.0/24'] }, site.context)).rejects.toThrow('Cannot write sluice.yaml: it exists;')
  expect(await site.written()).toBe('mine')
  await init({ network: ['10.0.0.0/24'], output: 'other.yaml' }, site.context)
  expect(await site.written('other.yaml')).toContain('engine: llama.cpp')
})

it.each([
  [{ partition: 'none' }, 'Cannot use partition "none": Slurm has cpu, gpu_ai'],
  [{ engine: 'ollama', network: ['10.0.0.0/24'] }, 'Cannot begin with engine "ollama": write llama.cpp, vllm'],
  [{}, 'Cannot find out the networks of the nodes: '],
  [{ network: ['10.0.0.0/33'] }, /^Cannot use gateway\.networks\[0\]: .*; write/],
  [
    { network: ['10.0.0.0/24'], shared: 'two words' },
    /^Cannot use shared: "\/.*\/two words\/state"; write an absolute path/,
  ],
  [
    { network: ['10.0.0.0/24'], output: 'no/x.yaml' },
    'Cannot write no/x.yaml: its directory does not exist; create it',
  ],
])('refuses %j', async (options, message) => {
  await using site = await place()
  await expect(init({ partition: 'gpu_ai', ...options }, site.context)).rejects.toThrow(message)
  await expect(site.written()).rejects.toThrow('ENOENT')
})

it('takes a relative directory as one of the working directory', async () => {
  await using site = await place()
  await init({ partition: 'gpu_ai', network: ['10.0.0.0/24'], shared: 'ai' }, site.context)
  expect(parseConfig(await site.written(), 'sluice.yaml').config).toMatchObject({
    shared: `${site.slurm.home}/ai/state`,
  })
})
