import { describe, expect, it } from 'vitest'
import * as formats from '../../../src/core/config/formats.ts'
import { NAME_PATTERN } from '../../../src/core/config/schema.ts'

const TABLE: readonly [name: string, pattern: RegExp, taken: readonly string[], refused: readonly string[]][] = [
  ['tier and site names', NAME_PATTERN, ['fast', 'a_1'], ['', 'Fast', '1a', 'a-b', 'a.b', 'é', 'a'.repeat(33), 'a\n']],
  [
    'plain paths',
    formats.PLAIN_PATH.pattern,
    ['/srv', '/a/b.c/', '/..a/.b'],
    ['', '/', 'a', '/a//b', '/a/../b', '/a/.', '/a b', '/$HOME', '/a"', '/a\n'],
  ],
  ['file paths', formats.FILE_PATH.pattern, ['/m/a b.gguf', '/é'], ['', 'a', '~/a', '/a\nb', '/a\0']],
  [
    'paths of tiers',
    formats.URL_PATH.pattern,
    ['/', '/a/', '/a/b-1.0/'],
    ['', 'a/', '/a', '//', '/a//', '/../', '/./', '/a b/', '/a;/', '/é/', '/%2f/', '/a/\n'],
  ],
  ['commands', formats.COMMAND.pattern, ['llama-server', '/opt/a b/x'], ['', '-x', './x', 'a b', 'a/b', 'a;b', '/a\n']],
  [
    'model names',
    formats.MODEL_NAME.pattern,
    ['OR1-Behemoth', 'org/m:q4_0'],
    ['', '/m', '-m', 'a b', 'a"', 'a\n', 'a'.repeat(129)],
  ],
  [
    'script names',
    formats.SCRIPT_NAME.pattern,
    ['run-14b.slurm'],
    ['', '.slurm', 'a', 'a/b.slurm', '-a.slurm', 'a.slurm\n'],
  ],
  [
    'Slurm names',
    formats.SLURM_NAME.pattern,
    ['ai_opportunistic', 'a+b'],
    ['', 'a b', 'a,b', '-a', 'a\n#SBATCH', 'a#'],
  ],
  ['partitions', formats.SLURM_NAMES.pattern, ['a', 'a,b'], ['', 'a,', 'a, b', ',a']],
  [
    'node lists',
    formats.NODE_LIST.pattern,
    ['vasp-02', 'vasp-[01-03,07]', 'a,b[1-2]c[3],d'],
    ['', 'a,', 'a b', '/etc/hosts', './hosts', 'a[1-', 'a[]', 'a[1-2', '[1-2]', `${'a'.repeat(50_000)}!`],
  ],
  ['memory', formats.MEMORY.pattern, ['64G', '0', '500m'], ['', '64GB', '64 G', '1.5G', '-1', 'G', '64G\n']],
  [
    'times',
    formats.TIME.pattern,
    ['90', '90:30', '01:30:00', '2-12', '2-12:30', '2-12:30:15', 'UNLIMITED'],
    ['', '1h', '1:2:3:4', '1:60', '1-', '-1', '1-2-3', '01:30:00\n'],
  ],
  [
    'outputs',
    formats.OUTPUT.pattern,
    ['/scratch/%x-%j.log'],
    ['', 'a.log', '/a b', '~/a', '/$USER', '/a/', '/a\n', '/%j/a.log', '/logs/%%/%j.log'],
  ],
  [
    'options of sbatch',
    formats.SBATCH_OPTION.pattern,
    ['--hint=nomultithread', '--constraint="a100&ib"', "--comment='a b'", '-x a,b', '-H', '--gres=gpu:v100:1'],
    ['', 'gpu', '--a b', '--a=b --c=d', '--a="b', '--a=b #c', '--a=b\n#SBATCH -c1', '--a\\', '---a', '-'],
  ],
  ['one line', formats.ONE_LINE.pattern, ['', 'export A="b c"', '\tx', 'é'], ['a\nb', 'a\r', '\0', '\u0085']],
  ['GPU architectures', formats.GPU_ARCH.pattern, ['sm70', 'gfx90a'], ['', '70', 'SM70', 'sm 70']],
  ['names of variables', formats.ENV_NAME.pattern, ['A', '_a1'], ['', '1a', 'A-B', 'A=B', 'A\n']],
]

describe.each(TABLE)('%s', (_, pattern, taken, refused) => {
  it('take what they should', () => {
    expect(taken.filter(text => !pattern.test(text))).toEqual([])
  })
  it('refuse what they should', () => {
    expect(refused.filter(text => pattern.test(text))).toEqual([])
  })
})
