import type { TierConfig } from '../../../src/core/config/schema.ts'

/** How an engine ended, the last lines that matter of its log, and the cause that these are for. */
export type EngineEnd = readonly [engine: TierConfig['engine'], how: string, lines: readonly string[], cause: string]

/** What each engine says in each way of ending: of their sources and of public reports, in their words. */
export const ENGINE_ENDS: readonly EngineEnd[] = [
  // GPU memory
  [
    'llama.cpp',
    'Exited with code 1',
    [
      'ggml_backend_cuda_buffer_type_alloc_buffer: cudaMalloc failed: out of memory',
      'E srv load_model: failed to load model',
    ],
    'device-memory',
  ],
  [
    'vllm',
    'Exited with code 1',
    [
      'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB',
      'RuntimeError: Engine core initialization failed. See root cause above.',
    ],
    'device-memory',
  ],
  [
    'sglang',
    'Killed by SIGKILL',
    ['Scheduler hit an exception: Traceback', 'torch.OutOfMemoryError: CUDA out of memory.'],
    'device-memory',
  ],
  [
    'tei',
    'Exited with code 1',
    ['Error: DriverError(CUDA_ERROR_OUT_OF_MEMORY, "out of memory")', 'CUDA error: out of memory'],
    'device-memory',
  ],
  // Ports
  [
    'llama.cpp',
    'Exited with code 1',
    ["E srv start: couldn't bind HTTP server socket, hostname: 10.0.0.1, port: 8080"],
    'port-in-use',
  ],
  ['vllm', 'Exited with code 1', ['OSError: [Errno 98] Address already in use'], 'port-in-use'],
  ['sglang', 'Exited with code 1', ['ValueError: Port 30000 is not available. Choose another'], 'port-in-use'],
  ['tei', 'Exited with code 1', ['Error: Address already in use (os error 98)'], 'port-in-use'],
  ['custom', 'Exited with code 1', ['Error: listen EADDRINUSE: address already in use 10.0.0.1:9000'], 'port-in-use'],
  // Models
  [
    'llama.cpp',
    'Exited with code 1',
    ["E gguf_init_from_file: failed to open GGUF file '/m.gguf' (No such file or directory)"],
    'model-missing',
  ],
  [
    'vllm',
    'Exited with code 1',
    ["OSError: a/b is not a local folder and is not a valid model identifier listed on 'https://…'"],
    'model-missing',
  ],
  [
    'vllm',
    'Exited with code 1',
    ['Cannot access gated repo for url https://huggingface.co/a/b/resolve/main/config.json.'],
    'model-gated',
  ],
  [
    'sglang',
    'Exited with code 1',
    ['huggingface_hub.errors.GatedRepoError: 401 Client Error. (Request ID: x)'],
    'model-gated',
  ],
  [
    'tei',
    'Exited with code 1',
    ['Caused by: HTTP status client error (401 Unauthorized) for url (https://huggingface.co/a/b)'],
    'model-gated',
  ],
  [
    'vllm',
    'Exited with code 1',
    ['huggingface_hub.errors.LocalEntryNotFoundError: An error happened'],
    'hub-unreachable',
  ],
  [
    'sglang',
    'Exited with code 1',
    ["OSError: We couldn't connect to 'https://huggingface.co' to load the files"],
    'hub-unreachable',
  ],
  ['tei', 'Exited with code 1', ['Error: Could not download model artifacts'], 'hub-unreachable'],
  [
    'llama.cpp',
    'Exited with code 1',
    ["error loading model: error loading model architecture: unknown model architecture: 'new'"],
    'model-broken',
  ],
  [
    'vllm',
    'Exited with code 1',
    ['ValueError: The checkpoint has model type `new` but Transformers does not recognize this architecture.'],
    'model-broken',
  ],
  [
    'tei',
    'Exited with code 1',
    ['Error: unknown variant `new`, expected one of `bert`, `xlm-roberta`'],
    'model-broken',
  ],
  [
    'vllm',
    'Exited with code 1',
    ['The repository x contains custom code which must be executed to correctly load the model.'],
    'remote-code',
  ],
  [
    'vllm',
    'Exited with code 1',
    ['User-specified max_model_len (131072) is greater than the derived max_model_len (max_position_embeddings=32768'],
    'context-too-long',
  ],
  [
    'sglang',
    'Exited with code 1',
    ['ValueError: User-specified context_length (131072) is greater than the derived context_length (32768).'],
    'context-too-long',
  ],
  [
    'vllm',
    'Exited with code 1',
    ['ValueError: Total number of attention heads (40) must be divisible by tensor parallel size (16).'],
    'not-divisible',
  ],
  ['sglang', 'Killed by SIGKILL', ['AssertionError: 40 is not divisible by 16'], 'not-divisible'],
  // GPUs and drivers
  [
    'llama.cpp',
    'Exited with code 1',
    ['CUDA error: CUDA driver version is insufficient for CUDA runtime version'],
    'driver-too-old',
  ],
  [
    'vllm',
    'Exited with code 1',
    ['RuntimeError: The NVIDIA driver on your system is too old (found version 11040).'],
    'driver-too-old',
  ],
  [
    'custom',
    'Exited with code 1',
    ['CUDA error 804: forward compatibility was attempted on non supported HW'],
    'driver-too-old',
  ],
  [
    'tei',
    'Exited with code 1',
    ['Could not start backend: Runtime compute cap 70 is not compatible with compile time compute cap 80'],
    'gpu-too-old',
  ],
  [
    'vllm',
    'Exited with code 1',
    ['ValueError: Bfloat16 is only supported on GPUs with compute capability of at least 8.0.'],
    'gpu-too-old',
  ],
  ['sglang', 'Exited with code 1', ['RuntimeError: SGLang only supports sm75 and above.'], 'gpu-too-old'],
  ['vllm', 'Exited with code 1', ['RuntimeError: Failed to infer device type'], 'no-gpu'],
  ['sglang', 'Exited with code 1', ['RuntimeError: No CUDA GPUs are available'], 'no-gpu'],
  [
    'llama.cpp',
    'Exited with code 1',
    ['ggml_cuda_init: failed to initialize CUDA: no CUDA-capable device is detected', 'error: too slow'],
    'no-gpu',
  ],
  // Processes of one engine
  [
    'vllm',
    'Exited with code 1',
    [
      'NCCL WARN Error while creating shared memory segment /dev/shm/nccl-x (size 9637888)',
      'RuntimeError: NCCL error: unhandled system error',
    ],
    'shared-memory',
  ],
  [
    'vllm',
    'Exited with code 1',
    ['RuntimeError: NCCL error: unhandled system error (run with NCCL_DEBUG=INFO for details)'],
    'gpus-cannot-talk',
  ],
  [
    'sglang',
    'Killed by SIGKILL',
    ['torch.distributed.DistBackendError: NCCL error in: x.cpp:1970', 'Scheduler hit an exception'],
    'gpus-cannot-talk',
  ],
  [
    'sglang',
    'Killed by SIGKILL',
    ['Rank 0 scheduler is dead. Please check if there are relevant logs.', 'Exit code: -9'],
    'inner-process-killed',
  ],
  [
    'vllm',
    'Exited with code 0',
    ['vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue.'],
    'inner-process-died',
  ],
  ['sglang', 'Killed by SIGKILL', ['Child process unexpectedly failed with exitcode=1. pid=211'], 'inner-process-died'],
  // Its node
  ['vllm', 'Exited with code 1', ["OSError: [Errno 28] No space left on device: '/home/ai/.cache/x'"], 'disk-full'],
  ['tei', 'Exited with code 1', ['Error: Disk quota exceeded (os error 122)'], 'disk-full'],
  ['sglang', 'Exited with code 1', ['OSError: [Errno 24] Too many open files'], 'too-many-files'],
  [
    'llama.cpp',
    'Exited with code 127',
    ['llama-server: error while loading shared libraries: libcudart.so.12: cannot open'],
    'unfit',
  ],
  ['vllm', 'Exited with code 1', ["ModuleNotFoundError: No module named 'vllm'"], 'unfit'],
  // Arguments
  ['llama.cpp', 'Exited with code 1', ['error: invalid argument: --no-such'], 'bad-arguments'],
  ['vllm', 'Exited with code 2', ['vllm: error: unrecognized arguments: --no-such'], 'bad-arguments'],
  ['sglang', 'Exited with code 2', ['launch_server.py: error: unrecognized arguments: --no-such'], 'bad-arguments'],
  ['tei', 'Exited with code 2', ["error: unexpected argument '--no-such' found"], 'bad-arguments'],
  // Nothing but a code
  ['llama.cpp', 'Killed by SIGBUS', ['llama_model_loader: loaded meta data'], 'bus-error'],
  ['custom', 'Exited with code 135', ['starting'], 'bus-error'],
  ['llama.cpp', 'Killed by SIGILL', ['build: 9000'], 'illegal-instruction'],
  ['custom', 'Exited with code 132', ['starting'], 'illegal-instruction'],
  ['custom', 'Exited with code 137', ['starting'], 'engine-killed'],
  ['llama.cpp', 'Exited with code 139', ['starting'], 'engine-crashed'],
  ['llama.cpp', 'Killed by SIGABRT', ['starting'], 'engine-crashed'],
  ['vllm', 'Exited with code 0', ['INFO: Application shutdown complete.'], 'engine-exited'],
  ['sglang', 'Exited with code 137', ['starting'], 'engine-exited'],
  ['custom', 'Exited with code 143', ['starting'], 'engine-exited'],
  ['custom', 'Exited with code 1', ['what nobody has seen before'], 'unknown'],
]
