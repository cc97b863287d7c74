import { join } from 'node:path'
import { given } from '../domain/given.ts'

/** nsys: NVIDIA's Nsight Systems. pytorch: the profiler inside the engine. amd: rocprofv3 where it is installed, else rocprof. */
export type Profiler = 'nsys' | 'pytorch' | 'amd'

export interface Profile {
  readonly tool: Profiler
  /** The output directory; absolute, because engines refuse a relative path or start in another directory. */
  readonly directory: string
  /** Arguments of nsys or rocprof. */
  readonly args: readonly string[]
}

/** A program with its arguments and its environment. */
export interface ProgramLaunch {
  readonly command: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** The engine to profile, and the tools that are installed. */
export interface Profiled {
  /** The engine's name, a key of ENGINES. */
  readonly engine: string
  /** The engine's version, such as 0.12.0; undefined: not known, and taken for a new one. */
  readonly version?: string | undefined
  /** The base name of the files, unique among runs that write into one directory. */
  readonly name: string
  /** AMD's program: rocprofv3 has other options and files. */
  readonly rocprof?: 'rocprof' | 'rocprofv3'
}

/** One request to a running engine. */
export interface ProfileRequest {
  readonly method: 'POST'
  readonly path: string
  readonly json?: Readonly<Record<string, unknown>>
}

/**
 * A server's command line and environment, with its profiler. `wrapper` is the program that then starts first and has
 * the server as its child; undefined where the profiler is inside the engine.
 *
 * @throws when the engine has no such profiler.
 */
export function withProfiler(
  launch: ProgramLaunch,
  profile: Profile,
  profiled: Profiled,
): ProgramLaunch & { readonly wrapper: string | undefined } {
  switch (profile.tool) {
    case 'nsys':
      return underNsys(launch, profile, profiled)
    case 'amd':
      return underRocprof(launch, profile, profiled)
    case 'pytorch':
      return withTorchProfiler(launch, profile, profiled)
  }
}

/**
 * The requests that begin and end a profile of a running engine, or undefined where there are none. The end writes the files,
 * which takes minutes for a large model, so its answer must be awaited.
 *
 * - vLLM (docs/contributing/profiling.md) has both only where it was started with a profiler.
 * - SGLang (docs/developer_guide/benchmark_and_profiling.md) always has both; `directory` is where the engine writes.
 */
export function profileRequests(
  engine: string,
  profile: { readonly tool?: Profiler | undefined; readonly directory?: string | undefined } = {},
): { readonly start: ProfileRequest; readonly stop: ProfileRequest } | undefined {
  const stop = { method: 'POST', path: '/stop_profile' } as const
  if (engine === 'vllm') return { start: { method: 'POST', path: '/start_profile' }, stop }
  if (engine !== 'sglang') return undefined
  const json = {
    ...given({ output_dir: profile.directory }),
    activities: profile.tool === 'nsys' ? ['CUDA_PROFILER'] : ['CPU', 'GPU'],
  }
  return { start: { method: 'POST', path: '/start_profile', json }, stop }
}

/** `--profiler-config` came with 0.13. */
export function takesProfilerConfig(version: string | undefined): boolean {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(version ?? '') ?? []
  return major === undefined || Number(major) > 0 || Number(minor) >= 13
}

/**
 * Forked processes are followed and graphs are shown node by node, as the documents of vLLM and SGLang advise. Everything from
 * the start is recorded, unless `args` has a capture range; then the engine gets the flag to mark it.
 */
function underNsys({ command, argv, env }: ProgramLaunch, { directory, args }: Profile, profiled: Profiled) {
  const isGiven = (flag: string) => args.some(word => word === flag || word.startsWith(`${flag}=`))
  const isMarked = /^(?:--capture-range|-c)[=\s]cudaProfilerApi$/m.test(args.join('\n'))
  const own = [
    ...(isGiven('--output') || isGiven('-o') ? [] : [`--output=${join(directory, profiled.name)}`]),
    ...(isGiven('--trace-fork-before-exec') ? [] : ['--trace-fork-before-exec=true']),
    ...(isGiven('--cuda-graph-trace') ? [] : ['--cuda-graph-trace=node']),
    ...(isMarked && !isGiven('--capture-range-end') ? ['--capture-range-end=repeat'] : []),
  ]
  const isVllm = profiled.engine === 'vllm'
  const marks =
    isVllm && isMarked && takesProfilerConfig(profiled.version) ? ['--profiler-config.profiler', 'cuda'] : []
  return {
    command: 'nsys',
    argv: ['profile', ...own, ...args, command, ...argv, ...marks],
    // nsys cannot follow workers that were forked after CUDA was initialized.
    env: isVllm ? { VLLM_WORKER_MULTIPROC_METHOD: 'spawn', ...env } : env,
    wrapper: 'nsys',
  }
}

/**
 * rocprof takes the command after its options and names one .csv; rocprofv3 takes a directory, wants `--` before the
 * command, and has statistics only of what it traces (reference: rocprof -h, rocprofv3 --help).
 */
function underRocprof({ command, argv, env }: ProgramLaunch, { directory, args }: Profile, profiled: Profiled) {
  if (profiled.rocprof === 'rocprofv3') {
    const isTraced = args.some(word => /^(?:-[rs]|--(?:[a-z-]+-trace|pmc))\b/.test(word))
    const traced = args.includes('--stats') && !isTraced ? ['--kernel-trace'] : []
    const output = ['-d', directory, '-o', `${profiled.name}-%pid%`]
    return {
      command: 'rocprofv3',
      argv: [...output, ...traced, ...args, '--', command, ...argv],
      env,
      wrapper: 'rocprofv3',
    }
  }
  const output = args.includes('-o') ? [] : ['-o', join(directory, `${profiled.name}.csv`)]
  return { command: 'rocprof', argv: [...output, ...args, command, ...argv], env, wrapper: 'rocprof' }
}

function withTorchProfiler({ command, argv, env }: ProgramLaunch, { directory, args }: Profile, profiled: Profiled) {
  const { engine, version } = profiled
  if (engine !== 'vllm' && engine !== 'sglang') {
    throw new Error(`Cannot profile ${engine} with pytorch: it does not have PyTorch's profiler; use nsys or amd`)
  }
  if (args.length > 0) {
    throw new Error(
      `Cannot profile ${engine} with pytorch: it takes no arguments, such as "${args[0]}"; leave args out`,
    )
  }
  if (engine === 'sglang') {
    return { command, argv, env: { SGLANG_TORCH_PROFILER_DIR: directory, ...env }, wrapper: undefined }
  }
  if (!takesProfilerConfig(version)) {
    return { command, argv, env: { VLLM_TORCH_PROFILER_DIR: directory, ...env }, wrapper: undefined }
  }
  const config = JSON.stringify({ profiler: 'torch', torch_profiler_dir: directory })
  return { command, argv: [...argv, '--profiler-config', config], env, wrapper: undefined }
}
