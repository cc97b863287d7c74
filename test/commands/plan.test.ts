import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { plan } from '../../src/commands/plan.ts'
import { UserError } from '../../src/core/domain/user-error.ts'
import { type Gguf, writeGguf } from '../support/gguf.ts'
import { recordedContext } from '../support/recorded-context.ts'
import { describeSizedModel } from '../support/sized-model.ts'
import { SIZED_MODELS } from '../support/sized-models.ts'

let home = ''
const at = (name: string) => join(home, name)
/** Without llama-fit-params, wherever it is installed. */
const open = () => recordedContext({ cwd: home, env: { PATH: home } })

const GROUPED = describeSizedModel(SIZED_MODELS.grouped)

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'sluice-plan-'))
  await mkdir(at('models'))
  await writeGguf(at('models/grouped.gguf'), GROUPED)
  await writeGguf(at('models/narrow.gguf'), describeSizedModel(SIZED_MODELS.narrow))
  await writeGguf(at('models/mmproj-narrow.gguf'), { header: {}, tensors: [] })
  for (const part of [1, 2, 3]) await writeGguf(at(`models/split-0000${part}-of-00003.gguf`), partOf(GROUPED, part, 3))
  await writeFile(
    at('sluice.yaml'),
    `site: here
shared: /cluster/shared/ai
runtime: /cluster/shared/sluice
gateway: { networks: [10.0.0.0/24] }
tiers:
  one:
    engine: llama.cpp
    path: /
    model: { name: Grouped, file: ${at('models/grouped.gguf')} }
    context: 16384
    args: { parallel: 1, cache_type_k: q8_0, -ctv: q8_0 }
    gpu: { memory: 8G }
    slurm: { mem: 12G }
  small: { engine: llama.cpp, path: /small/, model: { name: Grouped, file: ${at('models/grouped.gguf')} }, gpu: { memory: 5G } }
  many: { engine: llama.cpp, path: /many/, router: { modelsDir: ${at('models')}, modelsMax: 2 }, gpu: { memory: 16G }, slurm: { mem: 12G }, context: 4096 }
  away: { engine: llama.cpp, path: /away/, model: { name: away, file: /nowhere/away.gguf } }
  demo: { engine: demo, path: /demo/ }
`,
  )
})

afterAll(() => rm(home, { recursive: true }))

function partOf({ header, tensors }: Gguf, part: number, parts: number): Gguf {
  const size = Math.ceil(tensors.length / parts)
  const keys = { 'split.no': part - 1, 'split.count': parts }
  const split = Object.entries(keys).map(([key, value]) => [key, { type: 'uint16' as const, value }])
  return {
    header: { ...(part === 1 ? header : {}), ...Object.fromEntries(split) },
    tensors: tensors.slice((part - 1) * size, part * size),
  }
}

it('prints a table, a verdict and the largest context', async () => {
  const context = open()
  await plan('one', {}, context)
  expect(context.printed).toEqual([
    'Grouped (llama): 16384 tokens over 1 slot',
    '',
    '  DEVICE  MEMORY   LAYERS      WEIGHTS  KV CACHE  COMPUTE  RESERVED  TOTAL    FREE',
    '  GPU     8.0 GiB  6 + output  1.4 GiB  0.2 GiB   0.1 GiB  1.0 GiB   2.8 GiB  5.2 GiB',
    '',
    '  HOST            WEIGHTS  KV CACHE  COMPUTE  PROMPTS  PROGRAM  TOTAL    FREE     PAGE CACHE',
    '  --mem 12.0 GiB  0.1 GiB  0 MiB     48 MiB   8.0 GiB  1.0 GiB  9.2 GiB  2.8 GiB  1.6 GiB',
    '',
    'It fits. The largest context that fits has 131072 tokens, which is what it was trained for.',
  ])
})

it('as JSON it is the plan, in bytes', async () => {
  const context = open()
  await plan('one', { json: true }, context)
  const { tier, models, together } = JSON.parse(context.printed.join('\n'))
  expect({ tier, together, files: models.map((one: { file: string }) => one.file) }).toEqual({
    tier: 'one',
    together: null,
    files: [at('models/grouped.gguf')],
  })
  expect(models[0]).toMatchObject({
    name: 'Grouped',
    check: null,
    plan: { verdict: 'fits', context: 16_384, slots: 1 },
  })
  expect(models[0].plan.devices[0].weights).toBe(1_533_231_104)
})

it('what does not fit fails, after all is said', async () => {
  const context = open()
  await expect(plan('small', {}, context)).rejects.toThrow(new Error('Cannot fit Grouped into the memory of small'))
  expect(context.printed.slice(8)).toEqual([
    'It does not fit: it needs 0.7 GiB more on GPU. The largest context that fits has 102912 tokens.',
    '',
    'It fits with one of these in the tier:',
    '  args: { cache-type-k: q8_0 }',
    '    leaves 38 MiB on the fullest GPU; 9.3 GiB of the host; up to 131072 tokens; answers may be less accurate',
    "  args: { override-tensor: 'blk\\.[0-4]\\.ffn_(up|down|gate|gate_up)\\.=CPU' }",
    "    leaves 0.1 GiB on the fullest GPU; 10.3 GiB of the host; up to 131072 tokens; the speed of the host's memory limits the speed of answers",
    '  context: 102912',
    '    leaves 5 MiB on the fullest GPU; 9.3 GiB of the host',
    '',
    'Not known:',
    '  the memory of the job: write slurm.mem in the tier',
    '  whether the engine turns flash attention on (auto): without it, the scores of attention take 8.1 GiB more',
  ])
})

describe('a router', () => {
  it('is planned for each model, and for those that are loaded at once', async () => {
    const context = open()
    await expect(plan('many', {}, context)).rejects.toThrow('Cannot fit grouped, split into the memory of many at once')
    expect(context.printed.filter(line => /^\S+ \(llama\)/.test(line))).toEqual([
      'grouped (llama): 4096 tokens over 4 slots',
      'narrow (llama): 4096 tokens over 4 slots',
      'split (llama): 4096 tokens over 4 slots',
    ])
    expect(context.printed.slice(-2)).toEqual([
      'Loaded at once, grouped and split: they need 6.3 GiB more on the host.',
      expect.stringMatching(/^They fit with args: \{ cache-ram: \d+ \} in the tier/),
    ])
  })

  it('has models by name', async () => {
    const context = open()
    await plan('many', { model: 'narrow' }, context)
    expect(context.printed[0]).toBe('narrow (llama): 4096 tokens over 4 slots')
    await expect(plan('many', { model: 'narow' }, context)).rejects.toThrow(
      new UserError(`Cannot find model "narow" in ${at('models')}: did you mean "narrow"`),
    )
  })
})

it('a router has models in directories, of parts and with a projector, by the names of the directories', async () => {
  const directory = at('nested')
  await mkdir(join(directory, 'parted'), { recursive: true })
  await mkdir(join(directory, 'seeing'))
  await mkdir(join(directory, 'empty'))
  for (const part of [1, 2, 3]) {
    await writeGguf(join(directory, `parted/x-0000${part}-of-00003.gguf`), partOf(GROUPED, part, 3))
  }
  await writeGguf(join(directory, 'seeing/a.gguf'), GROUPED)
  await writeGguf(join(directory, 'seeing/b-mmproj.gguf'), { header: {}, tensors: [] })
  const config = await readFile(at('sluice.yaml'), 'utf8')
  await writeFile(at('nested.yaml'), config.replace(`modelsDir: ${at('models')}`, `modelsDir: ${directory}`))
  const context = open()
  await plan('many', { config: at('nested.yaml'), model: 'seeing' }, context)
  expect(context.printed[0]).toBe('seeing (llama): 4096 tokens over 4 slots')
  expect(context.printed).toContain('  the memory for b-mmproj.gguf: it is not counted')
  const all = open()
  await plan('many', { config: at('nested.yaml'), json: true }, all).catch(() => undefined)
  const { models } = JSON.parse(all.printed.join('\n'))
  expect(models.map(({ name, file }: { name: string; file: string }) => [name, file])).toEqual([
    ['parted', join(directory, 'parted/x-00001-of-00003.gguf')],
    ['seeing', join(directory, 'seeing/a.gguf')],
  ])
})

it('a model in parts is their sum', async () => {
  const [whole, parts] = [open(), open()]
  await plan('one', { json: true }, whole)
  await plan('one', { json: true, file: 'models/split-00002-of-00003.gguf' }, parts)
  const planOf = ({ printed }: typeof whole) => JSON.parse(printed.join('\n')).models[0].plan
  expect(planOf(parts)).toEqual(planOf(whole))
})

describe('a file that cannot be planned', () => {
  it.each([
    [
      'away',
      undefined,
      'Cannot read /nowhere/away.gguf: it does not exist on this machine; name a copy here with --file, or run this on a node that has it (srun)',
    ],
    ['one', 'models', 'Cannot read HOME/models: it is a directory'],
    ['one', 'sluice.yaml', 'Cannot read HOME/sluice.yaml: it is not a GGUF file'],
    [
      'one',
      'models/mmproj-narrow.gguf',
      'Cannot plan HOME/models/mmproj-narrow.gguf: it does not name its architecture',
    ],
    ['demo', undefined, 'Cannot plan demo: only llama.cpp is planned, and its engine is demo'],
    ['fats', undefined, 'Cannot find tier "fats": choose "one", "small", "many", "away" or "demo"'],
  ])('of %s, %s, is told', async (tier, file, problem) => {
    const failed = await plan(tier, file === undefined ? {} : { file }, open()).catch(error => error)
    expect(failed).toBeInstanceOf(UserError)
    expect(failed.message.replaceAll(home, 'HOME')).toBe(problem)
  })

  it('for a pipe as a model, at once', async () => {
    execFileSync('mkfifo', [at('pipe.gguf')])
    await expect(plan('one', { file: 'pipe.gguf' }, open())).rejects.toThrow(
      `Cannot read ${at('pipe.gguf')}: it is a pipe, not a regular file`,
    )
  })

  it('for want of a part, or of its end', async () => {
    await writeFile(
      at('half-00001-of-00002.gguf'),
      await readFile(at('models/split-00001-of-00003.gguf')).then(bytes => bytes.subarray(0, 5_000_000)),
    )
    await expect(plan('one', { file: 'half-00001-of-00002.gguf' }, open())).rejects.toThrow(
      /it has 5000000 bytes of \d+: it was not copied completely$/,
    )
    await writeGguf(at('two-00001-of-00002.gguf'), partOf(GROUPED, 1, 2))
    await expect(plan('one', { file: 'two-00001-of-00002.gguf' }, open())).rejects.toThrow(
      `Cannot read ${at('two-00002-of-00002.gguf')}: it does not exist, and the model has 2 parts; put all of them into one directory`,
    )
    await writeGguf(at('renamed.gguf'), partOf(GROUPED, 1, 2))
    await expect(plan('one', { file: 'renamed.gguf' }, open())).rejects.toThrow(
      `Cannot read ${at('renamed.gguf')}: it is one of 2 parts, and its name does not have its number; llama.cpp expects -00001-of-00002.gguf`,
    )
    await truncate(at('renamed.gguf'), 3000)
    await expect(plan('one', { file: 'renamed.gguf' }, open())).rejects.toThrow(
      `Cannot read ${at('renamed.gguf')}: the file ends within its header`,
    )
  })
})

it('llama-fit-params is asked where it is on PATH', async () => {
  const context = open()
  await writeFile(
    at('llama-fit-params'),
    '#!/bin/sh\necho "$*" >&2\necho "CUDA0 1500 204 140 "; echo "Host 136 0 48 "\n',
    { mode: 0o755 },
  )
  await plan('one', {}, context)
  expect(context.printed).toContain(
    '  GPU     8.0 GiB  6 + output  1.5 GiB  0.2 GiB   0.1 GiB  1.0 GiB   2.8 GiB  5.2 GiB',
  )
  expect(context.printed.at(-1)).toBe(
    'The numbers are those of llama-fit-params; beside it, the formula has weights −2.3 %, KV +0.0 %, compute −4.3 %.',
  )
  await writeFile(at('llama-fit-params'), '#!/bin/sh\necho "error: invalid argument" >&2\nexit 1\n', { mode: 0o755 })
  const other = open()
  await plan('one', {}, other)
  expect(other.printed.slice(-2)).toEqual([
    'Not known:',
    `  ${at('llama-fit-params')} gave no answer: error: invalid argument`,
  ])
})
