/** Flags that not every build of llama.cpp knows. With one of them, the build's `--help` is read before its start. */
export const CHANGED_FLAGS: readonly string[] = [
  '--mlock',
  '--mmap',
  '--no-mmap',
  '--load-mode',
  '-lm',
  '--fit',
  '-fit',
]

/**
 * The arguments for the build with this `--help`. `--mlock` and `--no-mmap` became `--load-mode` in 2026, and are refused since.
 * A build from before December 2025 has no `--fit`, and fits nothing by default.
 */
export function toBuild(argv: readonly string[], help: string): string[] {
  const knows = (flag: string) => new RegExp(`(^|[\\s,])${flag}(?![\\w-])`, 'm').test(help)
  const fitted = knows('--fit') ? [...argv] : without(argv, ['--fit', '-fit'])
  return knows('--load-mode') ? withLoadMode(fitted) : withoutLoadMode(fitted)
}

function withLoadMode(argv: readonly string[]): string[] {
  const old = argv.filter(word => OLD.includes(word))
  if (old.length === 0) return [...argv]
  const [locked, mapped] = [old.includes('--mlock'), !old.includes('--no-mmap')]
  const mode = locked ? (mapped ? 'mmap+mlock' : 'mlock') : mapped ? 'mmap' : 'none'
  const rest = argv.filter(word => !OLD.includes(word))
  return [...rest, '--load-mode', mode]
}

const OLD = ['--mlock', '--mmap', '--no-mmap']

/** The earlier flags of each mode. */
const BEFORE: Readonly<Record<string, readonly string[]>> = {
  none: ['--no-mmap'],
  mlock: ['--mlock', '--no-mmap'],
  'mmap+mlock': ['--mlock'],
}

function withoutLoadMode(argv: readonly string[]): string[] {
  const at = argv.findIndex(word => word === '--load-mode' || word === '-lm')
  return at === -1 ? [...argv] : [...without(argv, ['--load-mode', '-lm']), ...(BEFORE[argv[at + 1] ?? ''] ?? [])]
}

/** Without these flags and the value of each. */
function without(argv: readonly string[], flags: readonly string[]): string[] {
  return argv.filter((word, index) => !flags.includes(word) && !flags.includes(argv[index - 1] ?? ''))
}
