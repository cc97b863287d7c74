import { expect, it } from 'vitest'
import { type Args, toArgv } from '../../../src/core/config/args.ts'

it.each<[string, Args, string[]]>([
  ['a list is passed as it is', ['--temp', '0.90', '-c', 4096, true], ['--temp', '0.90', '-c', '4096', 'true']],
  ['underscores of a name become dashes', { tensor_parallel_size: 4 }, ['--tensor-parallel-size', '4']],
  ['those of a value stay', { 'cache-type-k': 'q4_0' }, ['--cache-type-k', 'q4_0']],
  [
    'a name may bring its dashes',
    { '--dtype': 'half', '-ngl': 99, '--a_b': 1 },
    ['--dtype', 'half', '-ngl', '99', '--a-b', '1'],
  ],
  ['a single letter gets one dash', { c: 4096 }, ['-c', '4096']],
  [
    'true is a bare flag, false turns it off',
    { mlock: true, mmap: false, jinja: false },
    ['--mlock', '--no-mmap', '--no-jinja'],
  ],
  ['false is the word of what takes one', { 'flash-attn': false }, ['--flash-attn', 'off']],
  ['false leaves out what is off unless given', { mlock: false, 'no-warmup': false, props: false }, []],
  [
    'a short flag is turned off by its long name',
    [{ '-kvu': false, '-cb': false }],
    ['--no-kv-unified', '--no-cont-batching'],
  ],
  [
    'a map is passed as JSON',
    { 'kv-cache-dtype': { auto: 'fp8', n: [1, null] } },
    ['--kv-cache-dtype', '{"auto":"fp8","n":[1,null]}'],
  ],
  ['empty text is a value', { 'chat-template': '' }, ['--chat-template', '']],
  ['a list may hold maps', ['--mlock', { parallel: 1 }, '-v'], ['--mlock', '--parallel', '1', '-v']],
  ['nothing gives nothing', [], []],
])('%s', (_, args, argv) => {
  expect(toArgv(args, 'llama.cpp')).toEqual(argv)
})

it.each([
  [
    'vllm',
    { enable_prefix_caching: false, enforce_eager: false, 'disable-log-stats': false },
    ['--no-enable-prefix-caching'],
  ],
  ['sglang', { 'disable-radix-cache': false, trust_remote_code: false }, []],
  ['tei', { 'json-output': false }, []],
] as const)('%s is told %j by %j', (engine, args, argv) => {
  expect(toArgv(args, engine)).toEqual(argv)
})
