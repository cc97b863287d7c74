import { expect, test } from 'vitest'
import { type Args, toArgv } from '../../src/config/args.ts'

test.each<[string, Args, string[]]>([
  ['a list is passed as it is', ['--temp', '0.90', '-c', 4096, true], ['--temp', '0.90', '-c', '4096', 'true']],
  ['underscores of a name become dashes', { tensor_parallel_size: 4 }, ['--tensor-parallel-size', '4']],
  ['those of a value stay', { 'cache-type-k': 'q4_0' }, ['--cache-type-k', 'q4_0']],
  [
    'a name may bring its dashes',
    { '--dtype': 'half', '-ngl': 99, '--a_b': 1 },
    ['--dtype', 'half', '-ngl', '99', '--a-b', '1'],
  ],
  ['a single letter gets one dash', { c: 4096 }, ['-c', '4096']],
  ['true is a bare flag, false leaves it out', { mlock: true, mmap: false }, ['--mlock']],
  [
    'a map is passed as JSON',
    { 'kv-cache-dtype': { auto: 'fp8', n: [1, null] } },
    ['--kv-cache-dtype', '{"auto":"fp8","n":[1,null]}'],
  ],
  ['empty text is a value', { 'chat-template': '' }, ['--chat-template', '']],
  ['a list may hold maps', ['--mlock', { parallel: 1 }, '-v'], ['--mlock', '--parallel', '1', '-v']],
  ['nothing gives nothing', [], []],
])('%s', (_, args, argv) => {
  expect(toArgv(args)).toEqual(argv)
})
