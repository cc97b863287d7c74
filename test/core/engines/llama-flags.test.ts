import { describe, expect, it } from 'vitest'
import { toBuild } from '../../../src/core/engines/llama-flags.ts'

/** Lines of the real help texts of three years. */
const HELP_2024 =
  '--mlock                         force system to keep model in RAM\n--no-mmap    do not memory-map model\n'
const HELP_2025 = `${HELP_2024}-fit,  --fit [on|off]                   whether to adjust unset arguments\n`
const HELP_2026 =
  '-lm,   --load-mode MODE                 model loading mode (default: auto)\n-fit,  --fit [on|off]    whether to adjust\n-fitt, --fit-target MiB0\n'

describe('arguments as a build calls them', () => {
  it.each([
    ['the same, where nothing was renamed', ['-c', '9', '--fit', 'off'], HELP_2026, ['-c', '9', '--fit', 'off']],
    ['mlock', ['--mlock', '-c', '9'], HELP_2026, ['-c', '9', '--load-mode', 'mmap+mlock']],
    ['mlock without mmap', ['--no-mmap', '--mlock'], HELP_2026, ['--load-mode', 'mlock']],
    ['no mmap', ['--no-mmap'], HELP_2026, ['--load-mode', 'none']],
    ['mmap', ['--mmap'], HELP_2026, ['--load-mode', 'mmap']],
    ['mlock as it was', ['--mlock', '--fit', 'off'], HELP_2025, ['--mlock', '--fit', 'off']],
    ['no fit, where nothing fits unasked', ['--fit', 'off', '--mlock'], HELP_2024, ['--mlock']],
    ['a load mode before it had a name', ['-lm', 'mlock', '-c', '9'], HELP_2025, ['-c', '9', '--mlock', '--no-mmap']],
    ['the default mode before it had a name', ['--load-mode', 'auto'], HELP_2025, []],
  ])('have the spelling that its help has: %s', (_, argv, help, expected) => {
    expect(toBuild(argv, help)).toEqual(expected)
  })
})
