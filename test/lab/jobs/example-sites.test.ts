import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Endpoint } from '../../../src/core/domain/endpoint.ts'
import { installStandIns } from '../../fixtures/engines/install.ts'
import { type Example, exampleFile } from '../../support/example-site.ts'
import { until } from '../../support/until.ts'
import { MODELS_DIRECTORY } from '../cluster/directories.ts'
import { cancel, preempt, showJob } from '../cluster/slurm-view.ts'
import { openAi } from '../site/clients.ts'
import { engineOf } from '../site/replica-processes.ts'
import { openSite, type Site } from '../site/site.ts'

// The example sites as they are written, with stand-ins for engines and runtimes, and smaller where the lab is smaller.
const PATIENCE = { timeoutMs: 90_000 }
const STAND_INS = '/scratch/ai/stand-ins'
const SHARE = '/cluster/shared/models'
const DISK = '/scratch/ai/staged'

type Tier = { slurm: object; env?: object; [key: string]: unknown }

async function tiersOf(example: Example, change: (name: string) => { slurm: object }): Promise<Record<string, Tier>> {
  const { tiers }: { tiers: Record<string, Tier> } = parse(await readFile(exampleFile('sluice.yaml', example), 'utf8'))
  return Object.fromEntries(
    Object.entries(tiers).map(([name, tier]) => {
      const { qos: _, account: __, extra: ___, ...slurm } = { qos: '', account: '', extra: '', ...tier.slurm }
      const own = change(name)
      return [
        name,
        {
          ...{ ...tier, ...own },
          env: { ...tier.env, STAND_IN_LOAD_MS: '500', STAND_IN_TOKEN_MS: '20' },
          setup: [`export PATH=${STAND_INS}:$PATH`],
          slurm: { ...slurm, partition: 'gpu_ai', mem: '1G', cpus: 1, ...own.slurm },
        },
      ]
    }),
  )
}

beforeAll(async () => {
  await installStandIns(STAND_INS)
  await copyFile(join(import.meta.dirname, '../../fixtures/engines/shifter.sh'), join(STAND_INS, 'shifter'))
})

const procStrings = async (pid: number, file: 'cmdline' | 'environ') =>
  (await readFile(`/proc/${pid}/${file}`, 'utf8')).split('\0')

describe('perlmutter', () => {
  let site: Site
  beforeAll(async () => {
    const model = { chat: { name: 'llama-3.3-70b' }, embeddings: { name: 'bge-large-en-v1.5' } }
    const tiers = await tiersOf('perlmutter', name => ({
      model: { ...model[name as keyof typeof model], file: MODELS_DIRECTORY },
      slurm: {},
    }))
    site = await openSite(tiers)
    await site.startUpdater()
    for (const name of Object.keys(tiers)) await site.submit(name, 1)
  })
  afterAll(() => site.close())

  it('chats and embeds behind one address, from images', async () => {
    const [chat] = await site.serving(1, 'chat')
    const [embeddings] = await site.serving(1, 'embeddings')
    const client = openAi('http://127.0.0.1:8080/v1')
    const messages = [{ role: 'user' as const, content: 'Hello' }]
    const answer = await client.chat.completions.create({ model: 'llama-3.3-70b', messages, max_tokens: 5 })
    expect(answer.usage?.completion_tokens).toBe(5)
    const embedder = openAi('http://127.0.0.1:8080/embeddings/v1')
    const { data } = await embedder.embeddings.create({ model: 'bge-large-en-v1.5', input: ['one', 'two'] })
    expect(data).toHaveLength(2)
    expect(await procStrings(engineOf(chat as Endpoint), 'environ')).toEqual(
      expect.arrayContaining(['SHIFTER_IMAGEREQUEST=vllm/vllm-openai:v0.11.0', 'HF_HUB_OFFLINE=1']),
    )
    expect(await procStrings(engineOf(embeddings as Endpoint), 'environ')).toContain(
      'SHIFTER_IMAGEREQUEST=ghcr.io/huggingface/text-embeddings-inference:1.8',
    )
  })
})

describe('h200-elastic', () => {
  let site: Site
  beforeAll(async () => {
    await mkdir(join(SHARE, 'gpt-oss-120b'), { recursive: true })
    await writeFile(join(SHARE, 'gpt-oss-120b/config.json'), '{}')
    await writeFile(join(SHARE, 'gpt-oss-120b/model-00001-of-00001.safetensors'), 'weights')
    await mkdir(DISK)
    await execa('chown', ['ai:ai', DISK])
    site = await openSite(
      await tiersOf('h200-elastic', () => ({
        model: { name: 'gpt-oss-120b', file: join(SHARE, 'gpt-oss-120b') },
        stage: { from: SHARE, to: DISK },
        tensorParallel: 2,
        slurm: { gpus: 4 },
      })),
    )
    await site.startUpdater()
  })
  afterAll(async () => {
    await site.close()
    for (const path of [SHARE, DISK]) await rm(path, { recursive: true })
  })

  it('runs two engines of a job on GPUs of their own, from one copy of the model on the node', async () => {
    const [jobId] = await site.submit('gpt_oss', 1)
    const endpoints = await site.serving(2, 'gpt_oss')
    expect(endpoints.map(one => one.id)).toEqual([`gpt_oss-${jobId}-0-0`, `gpt_oss-${jobId}-0-1`])
    const environments = await Promise.all(endpoints.map(one => procStrings(engineOf(one), 'environ')))
    expect(environments.map(env => env.find(one => one.startsWith('CUDA_VISIBLE_DEVICES=')))).toEqual([
      'CUDA_VISIBLE_DEVICES=0,1',
      'CUDA_VISIBLE_DEVICES=2,3',
    ])
    for (const one of endpoints) {
      const argv = await procStrings(engineOf(one), 'cmdline')
      expect(argv).toEqual(expect.arrayContaining([join(DISK, 'gpt-oss-120b'), '--tensor-parallel-size']))
    }
    expect((await readdir(join(DISK, 'gpt-oss-120b'))).sort()).toEqual([
      'config.json',
      'model-00001-of-00001.safetensors',
    ])
    const messages = [{ role: 'user' as const, content: 'Hello' }]
    const client = openAi('http://127.0.0.1:8080/v1')
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        client.chat.completions.create({ model: 'gpt-oss-120b', messages, max_tokens: 5 }),
      ),
    )
    expect(answers.map(one => one.usage?.completion_tokens)).toEqual([5, 5, 5, 5, 5, 5])
  })

  it('leaves and comes back as a whole, and finds the model on the node', async () => {
    const endpoints = await site.serving(2, 'gpt_oss')
    const { ino } = await stat(join(DISK, 'gpt-oss-120b/config.json'))
    const { id: jobId, node } = (endpoints[0] as Endpoint).job
    const preemptor = await preempt(node)
    await until('the preemptor to run', async () => (await showJob(preemptor))['JobState'] === 'RUNNING', PATIENCE)
    await cancel(preemptor)
    const back = await site.serving(2, 'gpt_oss')
    expect(back.map(one => one.id)).toEqual([`gpt_oss-${jobId}-1-0`, `gpt_oss-${jobId}-1-1`])
    expect((await stat(join(DISK, 'gpt-oss-120b/config.json'))).ino).toBe(ino)
  })
})
