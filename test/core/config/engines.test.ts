import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/core/config/parse-config.ts'
import { toReplicaSpec } from '../../../src/core/job-script/to-replica-spec.ts'
import { SITE } from '../../support/example-config.ts'
import { problemsOf } from './problems-of.ts'

/** A tier whose keys begin at line 7; what is told of it is without its line's beginning. */
const tier = (lines: string) => `${SITE}tiers:\n  t:\n    path: /\n${lines.replaceAll(/^/gm, '    ')}\n`
const problems = (lines: string) =>
  problemsOf(tier(lines)).map(line => line.replace(/^\d+:\d+: Cannot use tiers\.t/, ''))
const VLLM = 'engine: vllm\nmodel: { name: m, file: /m }\n'
const SGLANG = 'engine: sglang\nmodel: { name: m, file: /m }\n'
const TEI = 'engine: tei\nmodel: { name: m, id: BAAI/bge-m3 }\n'
const ITS_OWN = 'if the program itself reads it, write allow: [braces-of-its-own] in the tier'
const CUSTOM = 'engine: custom\ncommand: my-server\n'

describe('tiers of each engine', () => {
  it.each([
    `${VLLM}tensorParallel: 4\ncontext: 8192\nslurm: { gpus: 8 }\nargs: { max-num-seqs: 512, enforce_eager: true }`,
    'engine: vllm\nmodel: { name: llama, id: meta-llama/Llama-3.1-8B-Instruct }',
    `${SGLANG}args: [--mem-fraction-static, 0.9, { schedule_policy: lpm }]`,
    `${TEI}tensorParallel: 1\nslurm: { gpus: 4 }\nargs: { max-batch-tokens: 16384 }`,
    `${CUSTOM}custom: { args: ["--port", "{port}"], modelsPath: /v1/models }`,
    `${CUSTOM}port: 9000\nmodel: { name: m, file: /m }\ncustom: { args: [], metrics: { running: my_running } }`,
    `${CUSTOM}port: 9000\nmodel: { name: m, file: /m }\ncustom: { args: ['{"a": 1}', "{{content}}", "$\{HOME}", "{a b}", "{}"] }`,
    `${CUSTOM}port: 9000\nmodel: { name: m, file: /m }\nallow: [braces-of-its-own]\ncustom: { args: ["{date}"] }`,
    `${VLLM}tensorParallel: 2\nslurm: { gpus: 8 }\nargs: { data-parallel-size: 4 }`,
    `${VLLM}tensorParallel: 2\nslurm: { gpus: 8 }\nargs: [-pp, 2, --data_parallel_size=2]`,
    `${SGLANG}tensorParallel: 8\nslurm: { gpus: 8 }\nargs: { dp-size: 8, enable-dp-attention: true }`,
  ])('%j is fine', lines => {
    expect(problems(lines)).toEqual([])
  })

  it.each([
    [
      'engine: vllm',
      ': it has no model; add model: { name, file } for files on the nodes, or model: { name, id } for one of Hugging Face',
    ],
    [
      'engine: vllm\nmodel: { name: m }',
      '.model: it does not name the place of the model; add file, or id for a model of Hugging Face',
    ],
    [
      'engine: vllm\nmodel: { name: m, file: /m, id: a/b }',
      '.model.id: the model has a file too; leave one of the two out',
    ],
    [
      'engine: vllm\nmodel: { name: m, id: /m }',
      '.model.id: "/m"; write it as owner/name, such as meta-llama/Llama-3.1-8B-Instruct; a path is written as file',
    ],
    [
      'engine: llama.cpp\nmodel: { name: m, id: a/b }',
      '.model.id: llama.cpp would download in every job; download the model once and write model.file in the tier',
    ],
    [`${VLLM}router: { modelsDir: /m }`, '.router: only llama.cpp has a router; write model: { name, file } instead'],
    [
      `${VLLM}rpc: { workers: 1 }\nslurm: { nodes: 2 }`,
      '.rpc: only llama.cpp has RPC; leave it out, or write engine: llama.cpp',
    ],
    [
      `${VLLM}tensorParallel: 3\nslurm: { gpus: 8 }`,
      '.tensorParallel: 3 GPUs for each endpoint, of 8 on a node (slurm.gpus); write a divisor of slurm.gpus',
    ],
    [
      `${VLLM}tensorParallel: 2\nslurm: { gpus: 0 }`,
      '.tensorParallel: 2 GPUs for each endpoint, of 0 on a node (slurm.gpus); leave it out',
    ],
    [
      `${TEI}tensorParallel: 2\nslurm: { gpus: 2 }`,
      '.tensorParallel: 2, where TEI computes on one GPU; write 1 for one endpoint on each GPU',
    ],
    [
      'engine: llama.cpp\nmodel: { name: m, file: /m.gguf }\ntensorParallel: 1\nrpc: { workers: 1 }\nslurm: { nodes: 2 }',
      '.tensorParallel: over RPC there is one endpoint, with all GPUs; leave it out',
    ],
    [
      `${VLLM}tensorParallel: 3\nslurm: { nodes: 2, gpus: 8 }`,
      '.tensorParallel: 3 GPUs for each stage, of 2 × 8 (slurm.nodes, slurm.gpus); write a divisor of all GPUs',
    ],
    [
      `${VLLM}slurm: { nodes: 2, gpus: 8 }\nargs: { nnodes: 2 }`,
      '.args.nnodes: --nnodes is set by Sluice; write slurm.nodes in the tier',
    ],
    ...[
      `${VLLM}tensorParallel: 4\nslurm: { gpus: 8 }\nargs: { pipeline_parallel_size: 4 }`,
      `${VLLM}tensorParallel: 4\nslurm: { gpus: 8 }\nargs: [-pp, 4]`,
      `${SGLANG}tensorParallel: 4\nslurm: { gpus: h100:8 }\nargs: [--pp-size=4]`,
      `${SGLANG}tensorParallel: 4\nslurm: { gpus: 8 }\nargs: [{ dp-size: 4 }]`,
    ].map(lines => [
      lines,
      '.tensorParallel: 4 × 4 GPUs for each endpoint, of 8 on a node (slurm.gpus); write a number whose product with those in args divides slurm.gpus',
    ]),
    [
      `${VLLM}slurm: { gpus: 2 }\nargs: [-dp, 4]`,
      '.args: they take 1 × 4 GPUs, of 2 on a node (slurm.gpus); write fewer, or more gpus',
    ],
    ...[
      ['pp-size', '--pp-size'],
      ['pipeline_parallel_size', '--pipeline-parallel-size'],
    ].map(([key, flag]) => [
      `${SGLANG}slurm: { nodes: 2, gpus: 8 }\nargs: { ${key}: 2 }`,
      `.args.${key}: ${flag} is set by Sluice over several nodes; write tensorParallel in the tier; the other GPUs become pipeline stages`,
    ]),
    [
      `${VLLM}slurm: { nodes: 2, gpus: 8 }\nargs: [-dp, 2]`,
      '.args[0]: -dp cannot be used over several nodes, where the engine has one copy of the model; leave it out; more replicas give more copies',
    ],
    [
      `${TEI}slurm: { nodes: 2 }`,
      '.slurm.nodes: 2 nodes, but the engine would use only one; write 1, or add rpc: { workers } to serve one model over several; more replicas take more nodes',
    ],
    [`${TEI}context: 512`, '.context: TEI uses the context of its model; leave it out'],
    [
      `${VLLM}custom: { args: ["{port}"] }`,
      '.custom: it is for engines that Sluice does not know; write args, or engine: custom',
    ],
    ['engine: demo\ntensorParallel: 1', '.tensorParallel: the demo engine ignores it; leave it out'],
    [
      `${CUSTOM}custom: { args: ["{port}"] }`,
      ': it has no model; add model: { name, file } for files on the nodes, or model: { name, id } for one of Hugging Face',
    ],
    [
      `${CUSTOM}custom: { args: ["{prot}"], modelsPath: /v1/models }`,
      '.custom.args: they do not contain its port; write {port}, or port in the tier',
      `.custom.args[0]: "{prot}" would reach the program unchanged; did you mean {port}; ${ITS_OWN}`,
    ],
    [
      `${CUSTOM}model: { name: m, file: /m }\ncustom: { args: ["{adress}:{port}", "--x={what_ever}"] }`,
      `.custom.args[0]: "{adress}" would reach the program unchanged; did you mean {address}; ${ITS_OWN}`,
      `.custom.args[1]: "{what_ever}" would reach the program unchanged; Sluice fills in {address}, {port}, {model}, {name}; ${ITS_OWN}`,
    ],
    [
      `${CUSTOM}custom: { args: ["{port}", "{model}"], modelsPath: /v1/models }`,
      '.custom.args[1]: {model} of a tier without a model would be empty; add model: { name, file }, or leave it out',
    ],
    [
      `${CUSTOM}custom: { args: ["{port}"], modelsPath: /v1/models, metrics: { path: /m } }`,
      '.custom.metrics: it does not name a metric; add running, waiting or kv, or leave metrics out',
    ],
    [
      `${VLLM}allow: [flash-attn-on-sm70]`,
      '.allow[0]: "flash-attn-on-sm70" is for llama.cpp, and the engine is vllm; leave it out',
    ],
    [`${VLLM}numa: true\nslurm: { gpus: 0 }`, '.numa: the job has no GPU (slurm.gpus); leave it out'],
    ['engine: demo\nnuma: true', '.numa: the demo engine ignores it; leave it out'],
    [
      `${CUSTOM}custom: { args: ["{port}"], modelsPath: /v1/models }\nargs: [-v]`,
      '.args: a custom engine has arguments of its own; write them in custom.args',
    ],
    [
      'engine: custom\nmodel: { name: m, file: /m }',
      ': it does not describe the engine; add custom: { args, healthPath }',
      ': it has no program; add command',
    ],
  ])('%j is refused', (lines, ...found) => {
    expect(problems(lines)).toEqual(found)
  })

  it.each([
    ['llama.cpp', 'llama-server'],
    ['vllm', 'vllm'],
    ['sglang', 'python3'],
    ['tei', 'text-embeddings-router'],
  ])('%s is started by %s, where the tier names nothing else', (engine, command) => {
    const text = tier(`engine: ${engine}\nmodel: { name: m, file: /m }`)
    const { config } = parseConfig(text, 'f')
    expect(config && toReplicaSpec(config, 't').command).toBe(command)
    const named = parseConfig(`${text}    command: /opt/engine\n`, 'f').config
    expect(named && toReplicaSpec(named, 't').command).toBe('/opt/engine')
  })
})

describe('arguments that are Sluice’s to give', () => {
  it.each([
    [
      `${VLLM}args: { tensor_parallel_size: 4 }`,
      '.args.tensor_parallel_size: --tensor-parallel-size is set by Sluice; write tensorParallel in the tier',
    ],
    [`${VLLM}args: [--max_model_len, 1]`, '.args[0]: --max_model_len is set by Sluice; write context in the tier'],
    [`${VLLM}args: [--api-key=hush]`, ".args[0]: --api-key is the site's own key, which Sluice sets; leave it out"],
    [
      `${VLLM}args: { config: /c.yaml }`,
      '.args.config: --config would set arguments without a check; write them in args',
    ],
    [`${SGLANG}args: [--tp, 4]`, '.args[0]: --tp is set by Sluice; write tensorParallel in the tier'],
    [`${SGLANG}args: { host: 0.0.0.0 }`, ".args.host: --host is the node's address, which Sluice sets; leave it out"],
    [
      `${TEI}args: { prometheus-port: 9000 }`,
      '.args.prometheus-port: --prometheus-port is set by Sluice; leave it out',
    ],
    [
      `${TEI}args: { hf-token: hush }`,
      '.args.hf-token: --hf-token would show a secret to every account on the node; leave it out',
    ],
    [`${TEI}env: { PORT: "1" }`, '.env.PORT: it would change arguments without a check; write the flag in args'],
    [
      `${VLLM}env: { VLLM_PORT: "1" }`,
      '.env.VLLM_PORT: it sets the first of the internal ports, not the port of the API; leave it out; port in the tier sets the port of the API',
    ],
  ])('%j', (lines, found) => {
    expect(problems(lines)).toEqual([found])
  })

  it('are the user’s where an engine has no such flag', () => {
    expect(problems(`${VLLM}args: { hostname: x }\nenv: { PORT: "1" }`)).toEqual([])
  })
})

describe('known mistakes', () => {
  const VLLM_DTYPES =
    '--kv-cache-dtype takes one word, and this is a map; write auto, bfloat16, fp8, fp8_e4m3, fp8_e5m2 or another value that vllm serve --help=kv-cache-dtype lists, such as kv-cache-dtype: fp8'
  it.each([
    [`${VLLM}args: { kv-cache-dtype: { auto: fp8 } }`, `.args.kv-cache-dtype: ${VLLM_DTYPES}`],
    [`${VLLM}args: [--kv_cache_dtype, '{"auto": "fp8"}']`, `.args[0]: ${VLLM_DTYPES}`],
    [`${VLLM}args: ['--kv-cache-dtype={"auto": "fp8"}']`, `.args[0]: ${VLLM_DTYPES}`],
    [
      `${SGLANG}args: [{ kv_cache_dtype: { auto: fp8 } }]`,
      '.args[0].kv_cache_dtype: --kv-cache-dtype takes one word, and this is a map; write auto, bf16, fp8_e4m3, fp8_e5m2 or another value that its --help lists, such as kv-cache-dtype: fp8_e4m3',
    ],
    [
      `${SGLANG}args: { mem_fraction_reserved: 0.1 }`,
      ".args.mem_fraction_reserved: --mem-fraction-reserved is not an argument of SGLang; write mem-fraction-static, the share of a GPU's memory for weights and KV cache",
    ],
    [
      `${VLLM}args: [--mem-fraction-reserved, 0.1]`,
      ".args[0]: --mem-fraction-reserved is not an argument of vLLM; write gpu-memory-utilization, the share of a GPU's memory that it may take",
    ],
    [
      `${SGLANG}args: [--max_running_requests, 4]`,
      '.args[0]: SGLang has no underscores in its arguments; write --max-running-requests',
    ],
    [
      'engine: llama.cpp\nmodel: { name: m, file: /m }\nargs: { flash-attn: true }',
      '.args.flash-attn: --flash-attn has no value; write flash-attn: on, off or auto',
    ],
    [
      'engine: llama.cpp\nmodel: { name: m, file: /m }\nargs: { flash-attn: no }',
      '.args.flash-attn: --flash-attn does not take "no"; write flash-attn: on, off or auto',
    ],
    [
      'engine: llama.cpp\nmodel: { name: m, file: /m }\nargs: { cache-reuse: false }',
      '.args.cache-reuse: llama.cpp has no --no-cache-reuse, and its default would stay; leave it out, or write the value or the flag that turns it off',
    ],
    ...['yes', 'no', 'on', 'off', '"false"'].flatMap(word =>
      [`engine: llama.cpp\nmodel: { name: m, file: /m }\nargs: { jinja: ${word} }`].map(lines => [
        lines,
        `.args.jinja: --jinja takes no word, and this is "${word.replaceAll('"', '')}"; write true or false in a map`,
      ]),
    ),
    [
      `${VLLM}args: [--enforce-eager, yes]`,
      '.args[0]: --enforce-eager takes no word, and this is "yes"; write true or false in a map',
    ],
    [
      `${SGLANG}args: { enable-metrics-for-all-schedulers: on }`,
      '.args.enable-metrics-for-all-schedulers: --enable-metrics-for-all-schedulers takes no word, and this is "on"; write true or false in a map',
    ],
    [
      'engine: llama.cpp\nmodel: { name: m, file: /m }\nargs: [-fa, --mlock]',
      '.args[0]: -fa has no value; write flash-attn: on, off or auto',
    ],
  ])('%j', (lines, found) => {
    expect(problems(lines)).toEqual([found])
  })

  it.each([
    `${VLLM}args: { kv-cache-dtype: fp8, compilation-config: { level: 3 }, disable-log-requests: true }`,
    `${VLLM}args: [--kv-cache-dtype, of-tomorrow, --max_num_seqs, 4]`,
    `${SGLANG}args: { kv_cache_dtype: fp8_e4m3, json-model-override-args: { a: 1 } }`,
    'engine: llama.cpp\nmodel: { name: m, file: /m }\nargs: [-fa, "on", { threads: 1 }]',
    'engine: llama.cpp\nmodel: { name: m, file: /m }\nargs: { jinja: false, mmap: false, mlock: false, flash-attn: false }',
    `${VLLM}args: { enable-prefix-caching: false, enforce_eager: false }`,
  ])('%j is none', lines => {
    expect(problems(lines)).toEqual([])
  })
})
