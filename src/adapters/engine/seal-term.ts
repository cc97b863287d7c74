import { execa } from 'execa'

const TIMEOUT_MS = 10_000
/** Characters of Node's error message. */
const MOST_CHARACTERS = 64 * 1024

/**
 * The words before a program that keep TERM from it and from its children in every case; Node and Go undo every block and ignore
 * at their start. TERM is ignored, and a filter of system calls reports each handler for TERM as set without setting it
 * (seccomp(2), rt_sigaction; queries are allowed).
 *
 * An ordinary user may install a filter only with `no_new_privs`: below it sudo and other setuid programs run without their
 * privileges. Empty where the filter is not possible; `why` has the reason.
 */
export async function sealPrefix(
  env: Readonly<Record<string, string>>,
): Promise<{ readonly words: readonly string[]; readonly why?: string | undefined }> {
  // Settings for an engine in Node must not affect our Node: they are removed here and restored for the engine.
  const own = OF_NODE.filter(name => env[name] !== undefined)
  const hidden = own.length === 0 ? [] : ['env', ...own.flatMap(name => ['-u', name])]
  const given = own.length === 0 ? [] : ['env', ...own.map(name => `${name}=${env[name]}`)]
  const words = [
    ...[...hidden, process.execPath, '--experimental-ffi', '--no-warnings', '--eval', `(${seal})()`, '--'],
    ...given,
  ]
  const [program = '', ...argv] = [...words, 'true']
  const trial = await execa(program, argv, {
    ...{ env, extendEnv: false, reject: false, stdin: 'ignore' as const },
    ...{ timeout: TIMEOUT_MS, maxBuffer: MOST_CHARACTERS },
  })
  if (!trial.failed) return { words }
  // A Node that ends by an error prints the error, and then its own version.
  const lines = trial.stderr.trim().split('\n')
  return { words: [], why: lines.find(line => /^\w*Error: /.test(line)) ?? (lines[0] || trial.shortMessage) }
}

/** Variables that change a Node at its start: node(1), Environment. None holds a secret, which an argument would reveal. */
const OF_NODE = ['NODE_OPTIONS', 'NODE_V8_COVERAGE', 'NODE_EXTRA_CA_CERTS', 'NODE_REDIRECT_WARNINGS', 'NODE_DEBUG']

/** Runs in a Node of its own, from its source text, so it may not refer to this file. Executes the program of its arguments. */
function seal(): void {
  const ffi = process.getBuiltinModule('node:ffi')
  const { functions: libc } = ffi.dlopen(null, {
    prctl: { arguments: ['i32', 'u64', 'u64', 'u64', 'u64'], return: 'i32' },
    signal: { arguments: ['i32', 'u64'], return: 'u64' },
  })
  // linux/audit.h and asm/unistd.h; 32-bit system calls on these machines are not filtered.
  const numbers = { x64: { audit: 0xc000003e, rtSigaction: 13 }, arm64: { audit: 0xc00000b7, rtSigaction: 134 } }
  const own = numbers[process.arch as keyof typeof numbers]
  if (own === undefined) throw new Error(`no filter for ${process.arch}`)
  // Node ignores the last two itself, and the new program would inherit that: a writer without a reader must end as elsewhere.
  const [SIG_DFL, SIGPIPE, SIGXFSZ] = [0n, 13, 25]
  const [SIGTERM, SIG_IGN, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER] = [15, 1n, 38, 22, 2n]
  const [LOAD, IS_EQUAL, RETURN] = [0x20, 0x15, 0x06] // linux/bpf_common.h
  const [ALLOW, ANSWER_0] = [0x7fff0000, 0x00050000] // linux/seccomp.h
  /** Offsets in struct seccomp_data; of an argument its low half, which is enough for a signal. */
  const at = { number: 0, arch: 4, signal: 16, handler: 24 }
  /** Code, lines to skip if true and if false, and a value. */
  const filter: [number, number, number, number][] = [
    [LOAD, 0, 0, at.arch],
    [IS_EQUAL, 0, 6, own.audit],
    [LOAD, 0, 0, at.number],
    [IS_EQUAL, 0, 4, own.rtSigaction],
    [LOAD, 0, 0, at.signal],
    [IS_EQUAL, 0, 2, SIGTERM],
    [LOAD, 0, 0, at.handler],
    [IS_EQUAL, 0, 1, 0], // no new handler: a question
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, ANSWER_0],
  ]
  const lines = Buffer.from(new ArrayBuffer(8 * filter.length))
  filter.forEach(([code, so, not, value], line) => {
    lines.writeUInt16LE(code, 8 * line)
    lines.writeUInt8(so, 8 * line + 2)
    lines.writeUInt8(not, 8 * line + 3)
    lines.writeUInt32LE(value, 8 * line + 4)
  })
  const whole = Buffer.from(new ArrayBuffer(16))
  whole.writeUInt16LE(filter.length, 0)
  whole.writeBigUInt64LE(ffi.getRawPointer(lines), 8)
  libc.signal(SIGTERM, SIG_IGN)
  for (const one of [SIGPIPE, SIGXFSZ]) libc.signal(one, SIG_DFL)
  if (libc.prctl(PR_SET_NO_NEW_PRIVS, 1n, 0n, 0n, 0n) !== 0) throw new Error('no_new_privs is not permitted')
  if (libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ffi.getRawPointer(whole), 0n, 0n) !== 0)
    throw new Error('seccomp is not permitted')
  if (process.execve === undefined) throw new Error('this Node cannot become another program')
  process.execve('/bin/sh', ['sh', '-c', 'exec "$@"', 'sluice', ...process.argv.slice(1)], process.env)
}
