import { describe, expect, it } from 'vitest'
import { type EngineSettings, readEngineSettings } from '../../../src/core/sizing/engine-settings.ts'

const DEFAULTS: EngineSettings = {
  context: 0,
  slots: 4,
  isUnified: true,
  ubatch: 512,
  keyType: 'f16',
  valueType: 'f16',
  flashAttention: 'auto',
  hasFullWindows: false,
  gpuLayers: 'all',
  cacheOnHost: false,
  splitMode: 'layer',
  mainGpu: 0,
  tensorSplit: undefined,
  isLocked: false,
  isRepacked: true,
  isDirect: false,
  promptCacheBytes: 8 * 2 ** 30,
  overrides: [],
  unknown: [],
}
const host = (pattern: RegExp) => ({ pattern, isHost: true })

describe('the arguments of llama-server', () => {
  it.each<[string, Partial<EngineSettings>]>([
    ['', {}],
    ['--timeout 600 --numa distribute', {}],
    ['-np 1', { slots: 1, isUnified: false }],
    ['--parallel 3 -kvu', { slots: 3, isUnified: true }],
    ['--parallel -1 --no-kv-unified', { isUnified: false }],
    ['-b 256', { ubatch: 256 }],
    ['--batch_size 2048 --ubatch_size 1024', { ubatch: 1024 }],
    ['-ub 128 -ub 64', { ubatch: 64 }],
    ['-ctk q4_0 --cache-type-v q8_0', { keyType: 'q4_0', valueType: 'q8_0' }],
    ['-fa off', { flashAttention: 'off' }],
    ['--flash-attn on', { flashAttention: 'on' }],
    ['-ngl 20', { gpuLayers: 20 }],
    ['--gpu-layers all', {}],
    ['-sm row -mg 1', { splitMode: 'row', mainGpu: 1 }],
    ['-ts 3,1', { tensorSplit: [3, 1] }],
    ['--tensor-split 3/1/x', { tensorSplit: [3, 1, 0] }],
    ['--mlock --no-mmap', { isLocked: true }],
    ['-lm mmap+mlock', { isLocked: true }],
    ['--load-mode dio', { isDirect: true }],
    ['-nr', { isRepacked: false }],
    ['-cram 0', { promptCacheBytes: 0 }],
    ['--cache-ram -1', { promptCacheBytes: undefined }],
    ['--embeddings', { promptCacheBytes: 0 }],
    ['--embedding --cache-ram 512', { promptCacheBytes: 0 }],
    ['--rerank -cram -1', { promptCacheBytes: 0 }],
    ['--swa-full -nkvo', { hasFullWindows: true, cacheOnHost: true }],
    ['-cmoe', { overrides: [host(/ffn_(up|down|gate|gate_up)_(ch|)exps/)] }],
    [
      '-ncmoe 2',
      {
        overrides: [
          host(/blk\.0\.ffn_(up|down|gate|gate_up)_(ch|)exps/),
          host(/blk\.1\.ffn_(up|down|gate|gate_up)_(ch|)exps/),
        ],
      },
    ],
    ['--n-cpu-ffn 1', { overrides: [host(/blk\.0\.ffn_(up|down|gate|gate_up)\./)] }],
    ['-ot a=CPU,b=CUDA1', { overrides: [host(/a/), { pattern: /b/, isHost: false }] }],
    ['-ctk q3', { unknown: ['--cache-type-k "q3": this version does not know that type, and counts f16'] }],
    ['--ctk q8_0', { unknown: ['--ctk: llama-server has -ctk, or --cache-type-k'] }],
    ['-ub many', { unknown: ['--ubatch-size "many": it is not a number, so the plan ignores it'] }],
    ['-ot (=CPU', { unknown: ['--override-tensor "(=CPU": its pattern could not be read, and is ignored'] }],
    [
      '-md d.gguf --mmproj p.gguf',
      { unknown: ['the memory for --model-draft: it is not counted', 'the memory for --mmproj: it is not counted'] },
    ],
  ])('give the settings that the server has with %j', (argv, changes) => {
    expect(readEngineSettings(argv.split(' ').filter(Boolean), undefined)).toEqual({ ...DEFAULTS, ...changes })
  })

  it('have the context of the tier', () => {
    expect(readEngineSettings([], 4096).context).toBe(4096)
  })
})
