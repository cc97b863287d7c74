import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/core/config/parse-config.ts'
import { CAUSES } from '../../../src/core/explain/causes.ts'
import { explain } from '../../../src/core/explain/explain.ts'
import type { ExplainFacts } from '../../../src/core/explain/facts.ts'
import { TIER } from '../../support/example-config.ts'
import { ENGINE_ENDS } from './engine-lines.ts'
import { events, facts, run, view } from './facts-of.ts'

const WORKER = 'The worker on vasp-03 ended, srun exited with code'

/** A group that gave up: its last exit, with these words. */
function exited(message: string, detail: Readonly<Record<string, unknown>> = {}): ExplainFacts {
  const list = events(['ready', { models: 1 }], ['engine exited', { message, exits: 6, ...detail }], ['failed'])
  return facts({ slurm: { value: view() }, runs: [run({ events: list })] })
}

/** The same, with these lines in its log. */
function logged(...lines: string[]): ExplainFacts {
  const list = events(['engine exited', { message: 'Exited with code 1: …', exits: 6 }], ['failed'])
  const logs = [{ name: 'logs/7/engine-0.log', lines: ['of an earlier start', 'sluice: starts', ...lines] }]
  return facts({ slurm: { value: view() }, runs: [run({ events: list, logs })] })
}

/** A run that only Slurm knows. */
function slurmOnly(of: Parameters<typeof view>[0]): ExplainFacts {
  return facts({ slurm: { value: view(of) } })
}

/** A run that had a notice to leave. */
function left(cause: string | null, of: Parameters<typeof view>[0] | undefined, last: string[]): ExplainFacts {
  const list = events(
    ['ready', { models: 1 }],
    ['draining', { cause }],
    ['drained', { outcome: 'idle', cause, waitedMs: 1_200 }],
    ...last.map(event => [event] as const),
  )
  return facts({ slurm: { value: of && view(of) }, runs: [run({ events: list })] })
}

const ABORTED = './src/ggml-rpc/ggml-rpc.cpp:455: Remote RPC server crashed or returned malformed response'

describe('the symptoms of the seed', () => {
  it.each<[string, ExplainFacts, string, RegExp, RegExp]>([
    [
      '1. a worker killed by Slurm at --mem=64G',
      exited(
        `${WORKER} 137: slurmstepd: error: *** STEP 7.2 ON vasp-03 CANCELLED AT 2026-01-31T12:01:00 DUE to SIGNAL Killed ***\nrecv failed (bytes_recv=0, size_to_recv=8)\n${ABORTED}`,
      ),
      'host-memory',
      /slurm\.mem is too small for the weights .* KV cache and the buffers/,
      /^Raise tiers\.reasoning\.slurm\.mem/,
    ],
    [
      '2. a GPU that is full at 40K tokens',
      logged('CUDA error: out of memory', '  current device: 0, in function alloc at ggml-cuda.cu:511', 'backtrace'),
      'device-memory',
      /ran out of memory: the layers on it, .* the buffers of a batch/,
      /batch-size and ubatch-size smaller \(512 instead of 1024\).*smaller context/,
    ],
    [
      '3. a socket that broke, without graceful degradation',
      exited(`${ABORTED}: Killed by SIGABRT`),
      'worker-lost',
      /One of its workers ended, and llama\.cpp cannot go on without any of them/,
      /the group restarts as a whole/,
    ],
    [
      '4. a group that left because of its workers names the process that died, as no port is probed',
      exited(`${WORKER} 139: srun: error: vasp-03: task 0: Segmentation fault`),
      'worker-lost',
      /^Its worker on vasp-03 ended, srun exited with code 139/,
      /worker-NODE/,
    ],
    [
      'flash attention on SM70',
      logged('/src/ggml-cuda/fattn.cu:312: fatal error'),
      'flash-attention',
      /Flash attention failed on its GPU/,
      /On SM70 set flash-attn off/,
    ],
    [
      'a disk that has no room for the model',
      exited('Cannot copy m.gguf to "/scratch/models": it takes 41.2 GiB, and 3.1 GiB are free; make room there'),
      'no-room-to-stage',
      /needs 41\.2 GiB on the node's own disk, and 3\.1 GiB are free at "\/scratch\/models"/,
      /another disk: tiers\.reasoning\.stage\.to/,
    ],
    [
      'a command that the image does not have',
      logged('FATAL:   "vllm": executable file not found in $PATH'),
      'not-in-image',
      /^The image has no program "vllm" on its own PATH/,
      /tiers\.reasoning\.command.*tiers\.reasoning\.container\.image/,
    ],
    [
      'a job that does not start because VASP has the nodes',
      slurmOnly({ state: 'pending', stateText: 'PENDING', reason: 'Priority' }),
      'waits-for-nodes',
      /jobs of higher priority have them/,
      /it starts when nodes are free/,
    ],
  ])('have a cause, and a cure: %s', (_, seen, cause, what, fix) => {
    const explanation = explain(seen)
    const answer = explanation?.now ?? explanation?.runs[0]
    expect(answer).toMatchObject({
      cause,
      what: expect.stringMatching(what),
      fix: expect.stringMatching(fix),
    })
    expect(answer?.evidence).not.toEqual([])
  })
})

describe('a cause by its words', () => {
  const ended = (of: Parameters<typeof view>[0]) => slurmOnly({ state: 'ended', ...of })
  const silent = (of: Parameters<typeof view>[0] | undefined): ExplainFacts =>
    facts({ slurm: { value: of && view(of) }, runs: [run({ events: events(['ready', { models: 1 }]) })] })

  const table: readonly [string, ExplainFacts][] = [
    ['host-memory', exited('Killed by SIGKILL: loading', { oomKills: 1 })],
    ['host-memory', ended({ stateText: 'OUT_OF_MEMORY', reason: 'OutOfMemory', exitCode: '0:125' })],
    [
      'host-memory',
      exited(
        `${WORKER} 137: slurmstepd: error: Detected 1 oom_kill event in StepId=7.2. Some of the step tasks have been OOM Killed.`,
      ),
    ],
    ['host-memory', exited(`${WORKER} 1: slurmstepd: error: Detected 1 oom-kill event(s) in StepId=7.2.`)],
    ['host-memory', exited(`${WORKER} 1: srun: error: vasp-03: task 0: Out Of Memory`)],
    [
      'host-memory',
      exited('Killed by SIGKILL: slurmstepd: error: StepId=7.0 exceeded memory limit (9 > 8), being killed'),
    ],
    [
      'device-memory',
      logged(
        'ggml_backend_cuda_buffer_type_alloc_buffer: allocating 9 MiB on device 0: cudaMalloc failed: out of memory',
      ),
    ],
    ['device-memory', logged('ggml_vulkan: Device memory allocation of size 9 failed.')],
    ['device-memory', logged('ggml_vulkan: vk::Device::allocateMemory: ErrorOutOfDeviceMemory')],
    [
      'device-memory',
      logged('0.22.4 E alloc_tensor_range: failed to allocate ROCm0 buffer of size 9', 'E failed to load model'),
    ],
    ['device-memory', logged('torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB')],
    ['device-memory', logged('ValueError: No available memory for the cache blocks. Try increasing …')],
    ['device-memory', logged('RuntimeError: Not enough memory. Please try to increase --mem-fraction-static.')],
    [
      'model-missing',
      logged("OSError: a/b is not a local folder and is not a valid model identifier listed on 'https://…'"),
    ],
    [
      'unfit',
      logged(
        "python3: Error while finding module specification for 'sglang.launch_server' (ModuleNotFoundError: No module named 'sglang')",
      ),
    ],
    ['bad-arguments', logged('vllm: error: unrecognized arguments: --of-tomorrow')],
    ['bad-arguments', logged("error: unexpected argument '--of-tomorrow' found")],
    ['gpu-lost', logged('CUDA error: uncorrectable ECC error encountered')],
    ['gpu-lost', logged('CUDA error: an illegal memory access was encountered')],
    ['gpu-lost', logged('[3.1] NVRM: Xid (PCI:0000:3b:00): 79, GPU has fallen off the bus.')],
    ['flash-attention', logged('E llama_init_from_model: quantized V cache requires flash_attn to be enabled')],
    ['flash-attention', logged('llama_init_from_model: V cache quantization requires flash_attn')],
    ['bad-arguments', exited('Exited with code 1: error: invalid argument: --no-such')],
    ['bad-arguments', exited(`${WORKER} 0: error: unknown argument: --of-tomorrow\nUsage: ggml-rpc-server [options]`)],
    ['bad-arguments', exited('Exited with code 1: error while handling argument "-ctk": Unsupported cache type: q9')],
    [
      'model-missing',
      facts({
        runs: [
          run({
            events: events([
              'failed',
              { message: 'Cannot run reasoning here: model OR1: "/m.gguf" is missing or unreadable' },
            ]),
          }),
        ],
      }),
    ],
    [
      'model-missing',
      exited(
        "Exited with code 1: E gguf_init_from_file: failed to open GGUF file '/m.gguf' (No such file or directory)\nE failed to load model",
      ),
    ],
    [
      'model-broken',
      exited(
        "Exited with code 1: E llama_model_load: error loading model: tensor 'blk.1' data is not within the file bounds, model is corrupted or incomplete",
      ),
    ],
    [
      'no-room-to-stage',
      exited('Cannot copy m.gguf to "/scratch": it takes 41.2 GiB, and 3.1 GiB are free; make room there'),
    ],
    ['not-in-image', logged('FATAL:   "vllm": executable file not found in $PATH')],
    ['not-in-image', logged('shifter: vllm: No such file or directory')],
    ['not-in-image', logged('Error: crun: executable file `vllm` not found in $PATH: No such file or directory')],
    ['model-broken', logged("E srv load_model: failed to load model, '/m.gguf'")],
    [
      'unfit',
      facts({
        runs: [
          run({
            events: events([
              'failed',
              { message: 'Cannot run reasoning here: "llama-server" is not an executable on PATH (/bin)' },
            ]),
          }),
        ],
      }),
    ],
    ['port-in-use', exited('Cannot use port 8080 of 10.0.0.1: EADDRINUSE')],
    [
      'port-in-use',
      exited("Exited with code 1: E srv start: couldn't bind HTTP server socket, hostname: 10.0.0.1, port: 8080"),
    ],
    ['port-in-use', exited(`${WORKER} 0: Failed to create server socket`)],
    [
      'load-timeout',
      facts({
        runs: [
          run({
            events: events(['engine unfit', { message: 'Not ready within 900 s (loadTimeoutSeconds)' }], ['failed']),
          }),
        ],
      }),
    ],
    [
      'other-builds',
      exited('The head is build 0.7.0, the worker on vasp-03 b1: RPC needs one build; install the same on every node'),
    ],
    ['worker-unreachable', exited('Failed to connect to 10.0.0.3:50052: Killed by SIGABRT')],
    [
      'worker-unreachable',
      exited(
        'The worker on vasp-03 listens at 10.0.0.3:50052, and this node cannot connect to it: see firewalls and rpc.network',
      ),
    ],
    ['worker-lost', exited(`${WORKER} 137: srun: error: vasp-03: task 0: Killed`)],
    ['engine-killed', exited('Killed by SIGKILL: srv  listening', { oomKills: 0 })],
    ['engine-crashed', exited('Killed by SIGSEGV: srv  listening')],
    ['node-failed', ended({ stateText: 'NODE_FAIL', reason: 'NodeDown', exitCode: '1:0' })],
    ['timed-out', ended({ stateText: 'TIMEOUT', reason: 'TimeLimit', exitCode: '0:15' })],
    ['timed-out', ended({ state: 'ending', stateText: 'COMPLETING', reason: 'TimeLimit' })],
    [
      'host-memory',
      logged(
        'E ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 9',
        'E failed to load model',
      ),
    ],
    ['timed-out', left('walltime', undefined, ['requeued'])],
    ['preempted', left('preempted', undefined, ['requeued'])],
    ['preempted', ended({ stateText: 'PREEMPTED' })],
    ['drained', left('operator', { stateText: 'CANCELLED' }, ['cancelled'])],
    ['requeued', left('requeued', undefined, [])],
    ['cancelled', left('cancelled', { stateText: 'CANCELLED' }, [])],
    ['cancelled', ended({ stateText: 'CANCELLED' })],
    ['left', left(null, undefined, [])],
    ['launch-failed', ended({ stateText: 'FAILED', reason: 'RaisedSignal:53(Real-time signal 19)', exitCode: '0:53' })],
    ['launch-failed', ended({ stateText: 'FAILED', reason: 'JobLaunchFailure', exitCode: '0:53' })],
    ['credential-revoked', ended({ stateText: 'FAILED', reason: 'NonZeroExitCode', exitCode: '1:0', restarts: 2 })],
    ['script-failed', ended({ stateText: 'FAILED', reason: 'NonZeroExitCode', exitCode: '127:0' })],
    ['killed-early', ended({ stateText: 'FAILED', reason: 'RaisedSignal:9(Killed)', exitCode: '0:9', restarts: 1 })],
    ['killed-early', ended({ stateText: 'FAILED', reason: 'RaisedSignal:15(Terminated)', exitCode: '0:15' })],
    ['supervisor-killed', silent({ stateText: 'FAILED', reason: 'RaisedSignal:9(Killed)', exitCode: '0:9' })],
    ['node-lost', silent({ state: 'pending', stateText: 'PENDING', reason: 'BeginTime', restarts: 1 })],
    ['engine-unwell', facts({ runs: [run({ events: events(['ready'], ['engine unwell', { message: 'x' }]) })] })],
    ['launch-failed', ended({ stateText: 'LAUNCH_FAILED' })],
    ['node-failed', ended({ stateText: 'RECONFIG_FAIL' })],
    ['node-failed', ended({ stateText: 'BOOT_FAIL' })],
    ['timed-out', ended({ stateText: 'DEADLINE', reason: 'DeadLine' })],
    ['engine-exited', exited('Exited with code 0: build: 9000')],
    ['engine-exited', exited('Exited with code 2: usage: launch_server.py [-h]')],
    ['engine-exited', exited('Exited with code 126: sh: /opt/vllm: Permission denied')],
    ['engine-exited', exited('Exited with code 127: env: node: No such file or directory')],
    ['engine-crashed', exited('Exited with code 139: ')],
    ['engine-crashed', exited('Exited with code 134: terminate called')],
    ['unfit', logged('llama-server: error while loading shared libraries: libcudart.so.12: cannot open')],
    ['unfit', logged("python3: /lib/libc.so.6: version `GLIBC_2.38' not found (required by python3)")],
    ['unfit', logged('ImportError: libcuda.so.1: cannot open shared object file: No such file or directory')],
    ['unfit', logged('CUDA error: no kernel image is available for execution on the device')],
    [
      'device-memory',
      logged(
        'ValueError: The model’s max seq len (131072) is larger than the maximum number of tokens that can be stored in KV cache (9000).',
      ),
    ],
    ['model-missing', logged("OSError: Can't load the configuration of '/m'. If you were trying")],
    ['model-broken', logged("ValueError: Model architectures ['XForCausalLM'] are not supported for now.")],
    ['model-broken', logged('safetensors_rust.SafetensorError: Error while deserializing header: HeaderTooLarge')],
    ['bad-arguments', logged("vllm: error: argument --max-model-len: invalid human_readable_int value: 'many'")],
    ['bad-arguments', logged("error: invalid value 'many' for '--max-batch-tokens <MAX_BATCH_TOKENS>': invalid digit")],
    ['unknown', silent(undefined)],
    ['unknown', exited('Exited with code 3: what nobody has seen before')],
  ]

  it.each(table)('is %s', (cause, seen) => {
    expect(explain(seen)?.runs[0]?.cause).toBe(cause)
  })

  it('is there for each of them', () => {
    const known = new Set([...table.map(([cause]) => cause), ...ENGINE_ENDS.map(end => end[3])])
    expect(CAUSES.map(one => one.id).filter(id => !known.has(id))).toEqual([])
  })
})

it.each([
  [
    'Exited with code 1: error while handling argument "-ctk": Unsupported cache type: q9',
    'The engine does not accept the value of its argument "-ctk": Unsupported cache type: q9',
  ],
  [
    "Exited with code 2: vllm: error: argument --max-model-len: invalid int value: 'many'",
    'The engine does not accept the value of its argument "--max-model-len": invalid int value: \'many\'',
  ],
  [
    "Exited with code 2: error: invalid value 'many' for '--max-batch-tokens <N>': invalid digit found in string",
    'The engine does not accept the value of its argument "--max-batch-tokens": invalid digit found in string',
  ],
  [
    'Exited with code 1: error: invalid argument: --no-such',
    'The engine does not accept its argument "--no-such", and exits; its exit code may be 0 all the same',
  ],
])('tells a bad value from an argument that is not known: %s', (message, what) => {
  expect(explain(exited(message))?.runs[0]?.what).toBe(what)
})

it('tells a cancel of our own from somebody else’s', () => {
  const order = {
    source: 'events/operator-login.jsonl',
    text: '2026-01-31T12:00:00.000Z cancelled by ai (sluice stop)',
  }
  const cancelled = slurmOnly({ stateText: 'CANCELLED' })
  expect(explain(cancelled)?.runs[0]?.what).toBe('It was cancelled (scancel)')
  expect(explain({ ...cancelled, orders: [order] })?.runs[0]).toMatchObject({
    cause: 'cancelled',
    what: 'It was cancelled by sluice stop or sluice drain',
    evidence: [{ source: 'Slurm' }, order],
  })
})

it.each(['CONFIGURING', 'POWER_UP_NODE', 'RESIZING', 'SUSPENDED', 'STOPPED', 'REVOKED'])(
  'does not say of a job that is %s that it runs',
  stateText => {
    const { now } = explain(slurmOnly({ state: 'unknown', stateText })) ?? {}
    expect(now).toMatchObject({ cause: 'halted', what: expect.not.stringMatching(/^It runs/) })
  },
)

describe('what a job waits for', () => {
  it.each([
    ['PENDING', 'JobHoldMaxRequeue', 'held-max-requeue'],
    ['PENDING', 'launch_failure_limit_exceeded_requeued_held', 'held-max-requeue'],
    ['PENDING', 'launch failed requeued held', 'held-after-launch-failure'],
    ['PENDING', 'job requeued in held state', 'held-requeued'],
    ['REQUEUE_HOLD', 'job_requeued_in_held_state', 'held-requeued'],
    ['PENDING', 'JobHeldAdmin', 'held-by-admin'],
    ['PENDING', 'JobHeldUser', 'held-by-user'],
    ['PENDING', 'BeginTime', 'waits-for-start-time'],
    ['PENDING', 'Resources', 'waits-for-nodes'],
    ['PENDING', 'ReqNodeNotAvail, UnavailableNodes:vasp-02', 'waits-for-nodes-to-return'],
    ['PENDING', 'QOSMaxGRESPerUser', 'waits-for-limit'],
    ['PENDING', 'BadConstraints', 'can-never-run'],
    ['PENDING', 'PartitionTimeLimit', 'can-never-run'],
    ['PENDING', 'MaxMemPerLimit', 'can-never-run'],
    ['PENDING', 'QOSNotAllowed', 'can-never-run'],
    ['PENDING', 'ReqNodeNotAvail, Reserved for maintenance', 'waits-for-maintenance'],
    ['PENDING', 'Dependency', 'waits-for-job'],
    ['PENDING', 'OfTomorrow', 'waits'],
  ])('%s %s', (stateText, reason, cause) => {
    expect(explain(slurmOnly({ state: 'pending', stateText, reason }))?.now?.cause).toBe(cause)
  })
})

function settingsOf(engine: string) {
  const command =
    engine === 'custom' ? '    command: /opt/x\n    custom: { args: ["{address}:{port}"], healthPath: /health }\n' : ''
  const text = `${TIER.replace('llama.cpp', engine)}    model: { name: m, file: /m }\n${command}`
  return parseConfig(text, 'f').config?.tiers['fast']
}

it.each(ENGINE_ENDS)('%s, %s: %j is %s', (engine, how, lines, cause) => {
  const settings = settingsOf(engine)
  expect(settings?.engine).toBe(engine)
  const list = events(['engine exited', { message: `${how}: …`, exits: 6 }], ['failed'])
  const logs = [{ name: 'logs/7/engine-0.log', lines: ['sluice: starts', ...lines] }]
  const [answer] =
    explain(facts({ settings, slurm: { value: view() }, runs: [run({ events: list, logs })] }))?.runs ?? []
  expect(answer).toMatchObject({ cause, fix: expect.stringMatching(/^[A-Z].{20}/) })
  expect(answer?.evidence).not.toEqual([])
})

it.each([
  ['vllm', 'Exited with code 0', /engine core has died/],
  ['sglang', 'Killed by SIGKILL', /SGLang does that to itself/],
  ['sglang', 'Exited with code 137', /the code alone does not show that memory was short/],
  ['custom', 'Exited with code 143', /SIGTERM/],
])('an end of %s, %s, means what it does there', (engine, how, what) => {
  const list = events(['engine exited', { message: `${how}: …`, oomKills: 0 }], ['failed'])
  const seen = facts({ settings: settingsOf(engine), slurm: { value: view() }, runs: [run({ events: list })] })
  expect(explain(seen)?.runs[0]?.what).toMatch(what)
})

it.each([
  ['vllm', /gpu-memory-utilization/, /vllm serve --help=all on the node lists/],
  ['sglang', /mem-fraction-static/, /python3 -m sglang.launch_server --help on the node lists/],
  ['llama.cpp', /cache-type-k/, /llama-server --help on the node lists/],
] as const)('what to do is in the words of %s', (engine, room, help) => {
  const text = `${TIER.replace('llama.cpp', engine)}    model: { name: m, file: /m }\n`
  const settings = parseConfig(text, 'f').config?.tiers['fast']
  const fix = (found: ExplainFacts) => explain({ ...found, settings })?.runs[0]?.fix
  expect(fix(logged('torch.OutOfMemoryError: CUDA out of memory.'))).toMatch(room)
  expect(fix(logged('error: unrecognized arguments: --x'))).toMatch(help)
})
