import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/core/config/parse-config.ts'
import { EXAMPLE, SITE, TIER } from '../../support/example-config.ts'
import { problemsOf } from './problems-of.ts'

const MODEL = '    model: { name: m, file: /m.gguf }\n'

describe('a good file', () => {
  it('becomes a configuration with every default filled in', () => {
    const tier = {
      engine: 'llama.cpp',
      args: [],
      env: {},
      setup: [],
      allow: [],
      readTimeoutSeconds: 600,
      loadTimeoutSeconds: 900,
      numa: false,
      gpu: { arch: 'sm70', memory: '32G' },
      replicas: 1,
    }
    const slurm = {
      partition: 'gpu_ai',
      qos: 'ai_opportunistic',
      nodes: 1,
      gpus: 1,
      exclusive: false,
      signalLeadSeconds: 120,
      extra: [],
    }
    expect(parseConfig(EXAMPLE, 'sluice.yaml')).toMatchObject({
      problems: [],
      config: {
        site: 'beefcake2',
        shared: '/cluster/shared/ai',
        runtime: '/cluster/shared/sluice',
        gateway: {
          name: 'main',
          nginx: 'private',
          directory: '/etc/nginx/conf.d',
          reload: 'systemctl reload nginx',
          listen: 8080,
          networks: ['10.0.0.0/24'],
        },
        timing: { beatSeconds: 5, leaseSeconds: 20, scanSeconds: 1, squeueSeconds: 15 },
        watch: true,
        tiers: {
          fast: {
            ...tier,
            path: '/',
            gatewayPort: 8080,
            router: { modelsDir: '/scratch/ai/models', modelsMax: 2, preload: ['strand-rust-coder-14b-q8_0'] },
            slurm: { ...slurm, script: 'run-14b.slurm', jobName: 'llama-14b', mem: '64G', nodelist: 'vasp-02' },
          },
          reasoning: {
            ...tier,
            path: '/reasoning/',
            gatewayPort: 8081,
            model: { name: 'OR1-Behemoth', file: '/scratch/ai/models/OR1-Behemoth-72B-Q4_K_M.gguf' },
            context: 131_072,
            rpc: { workers: 2, port: 50_052, layers: [26, 27, 27] },
            numa: true,
            args: {
              'batch-size': '512',
              'ubatch-size': '512',
              'cache-type-k': 'q4_0',
              parallel: '1',
              timeout: '600',
            },
            slurm: {
              ...slurm,
              script: 'run-72b-distributed.slurm',
              jobName: 'llama-72b',
              mem: '200G',
              time: '01:30:00',
              nodes: 3,
              nodelist: 'vasp-[01-03]',
            },
          },
        },
      },
    })
  })

  it('may be as short as one tier and what has no default', () => {
    expect(problemsOf(TIER + MODEL)).toEqual([])
  })

  it('may start with a byte order mark, end lines with CR LF, and end with a document mark', () => {
    expect(problemsOf(`\ufeff---\n${TIER}${MODEL}...\n`.replaceAll('\n', '\r\n'))).toEqual([])
  })

  it('keeps the digits of engine arguments as they were written', () => {
    const { config } = parseConfig(
      `${TIER}${MODEL}    args: [--temp, 0.90, { seed: 0x10, x: 1e3, y: { z: 1.50 } }]\n`,
      'f',
    )
    expect(config?.tiers['fast']?.args).toEqual(['--temp', '0.90', { seed: '0x10', x: '1e3', y: { z: 1.5 } }])
  })

  it('takes a tier named like a property of every object', () => {
    const { config } = parseConfig(`${TIER}${MODEL}`.replace('fast', 'constructor'), 'f')
    expect(Object.keys(config?.tiers ?? {})).toEqual(['constructor'])
  })
})

describe('an engine', () => {
  it.each([
    ['llamacpp', '"llamacpp"; did you mean "llama.cpp"'],
    ['VLLM', '"VLLM"; did you mean "vllm"'],
    ['ollama', '"ollama"; choose "llama.cpp", "vllm", "sglang", "tei", "custom" or "demo"'],
  ])('%s is none', (engine, problem) => {
    const text = (TIER + MODEL).replace('engine: llama.cpp', `engine: ${engine}`)
    expect(problemsOf(text)).toEqual([`7:13: Cannot use tiers.fast.engine: ${problem}`])
  })
})

describe('all problems at once', () => {
  it('shape, unknown keys, missing keys and rules between keys do not hide one another', () => {
    const text = `site: Beef
shared: relative
runtme: /srv/sluice
gateway:
  listen: "8080"
  networks: [10.0.0.5/24, 3]
  listne: 1
timing: { beatSeconds: 10, scanSeconds: 0 }
watch: 1
tiers:
  fast:
    engine: llama.cpp
    path: fast
    gpus: 1
    router: { modelsDir: 5, preload: [a, b] }
    replicas: -1
    env: { HF_TOKEN: 123 }
    slurm: { mem: 64 GB, gpus: all, extra: ["--mem=3G", 5] }
    slurm: {}
  C-d: { path: / }
`
    expect(problemsOf(text)).toEqual([
      '1:1: Cannot use the configuration: key "runtime" is missing; add runtime, such as /cluster/shared/sluice',
      '1:7: Cannot use site: "Beef"; write at most 32 lower-case letters, digits and underscores, starting with a letter',
      '2:9: Cannot use shared: "relative"; write an absolute path of letters, digits and _ . + @ = -, without . and .. segments',
      '3:1: Cannot use runtme: there is no such key here; did you mean "runtime"',
      '5:11: Cannot use gateway.listen: it is text "8080"; write 8080 without quotes',
      '6:14: Cannot use gateway.networks[0]: "10.0.0.5/24" has host bits set; write 10.0.0.0/24 for the network, or 10.0.0.5/32 for this address alone',
      '6:27: Cannot use gateway.networks[1]: it is the number 3; write it in quotes: "3"',
      '7:3: Cannot use gateway.listne: there is no such key here; did you mean "listen"',
      '8:1: Cannot use timing.leaseSeconds: a lease of 20 s ends after one late beat, at 10 s a beat; write more than 20, or beat more often',
      '8:41: Cannot use timing.scanSeconds: 0; write a number above 0 to 86400',
      '9:8: Cannot use watch: it is the number 1; write true or false',
      '13:11: Cannot use tiers.fast.path: "fast"; write a path that starts and ends with /, of letters, digits and _ - . ~, such as /reasoning/',
      '14:5: Cannot use tiers.fast.gpus: there is no such key here; it belongs below "slurm"',
      '15:26: Cannot use tiers.fast.router.modelsDir: it is the number 5; write it in quotes: "5"',
      '15:38: Cannot use tiers.fast.router.preload: 2 models, where 1 fit (modelsMax); list at most 1, or raise modelsMax',
      '16:15: Cannot use tiers.fast.replicas: -1; write a whole number from 0 to 1000',
      '17:12: Cannot use tiers.fast.env.HF_TOKEN: its name is that of a secret, and other accounts can read job scripts; keep it in a file of mode 0600 that the engine reads itself',
      '17:22: Cannot use tiers.fast.env.HF_TOKEN: it is a number; write it in quotes',
      '18:19: Cannot use tiers.fast.slurm.mem: "64 GB"; write a whole number and K, M, G or T, such as 64G',
      '18:32: Cannot use tiers.fast.slurm.gpus: "all"; write a number, or a type of gres.conf and a number, such as a100:4 or 1g.10gb:2',
      '18:45: Cannot use tiers.fast.slurm.extra[0]: --mem has a key of its own; write mem below slurm',
      '18:57: Cannot use tiers.fast.slurm.extra[1]: it is the number 5; write it in quotes: "5"',
      '19:5: Cannot use tiers.fast.slurm: it stands on line 18 already; leave one of the two out',
      '20:3: Cannot use tiers.C-d: the name "C-d"; write at most 32 lower-case letters, digits and underscores, starting with a letter',
      '20:3: Cannot use tiers.C-d: key "engine" is missing; add engine, such as llama.cpp',
    ])
  })

  it.each([
    ['gateway:', '4:9: Cannot use gateway: it is empty; write its keys below it, indented'],
    ['gateway: [1]', '4:10: Cannot use gateway: it is a list; write its keys below it, indented'],
    ['gateway: {}', '4:1: Cannot use gateway: key "networks" is missing; add networks, such as ["10.0.0.0/24"]'],
    [
      'gateway: { networks: [] }',
      '4:22: Cannot use gateway.networks: the list is empty; write at least one, such as ["10.0.0.0/24"]',
    ],
    [
      'gateway: { networks: 10.0.0.0/24 }',
      '4:22: Cannot use gateway.networks: it is text "10.0.0.0/24"; write a list, such as ["10.0.0.0/24"]',
    ],
    [
      'gateway: { networks: [10.0.0.0/24], listen: 80 }',
      '4:45: Cannot use gateway.listen: 80; write a whole number from 1024 to 65535',
    ],
    [
      'gateway: { networks: [10.0.0.0/24], listen: 70000 }',
      '4:45: Cannot use gateway.listen: 70000; write a whole number from 1024 to 65535',
    ],
    [
      'gateway: { networks: [10.0.0.0/24], listen: 80.5 }',
      '4:45: Cannot use gateway.listen: it is the number 80.5; write a whole number from 1024 to 65535',
    ],
    [
      'gateway: { networks: [10.0.0.0/24], listen: .inf }',
      '4:45: Cannot use gateway.listen: .inf is too large to be represented exactly; write a smaller one',
    ],
    [
      'gateway: { networks: [10.0.0.0/24], zzzzzz: 1 }',
      '4:37: Cannot use gateway.zzzzzz: there is no such key here; the keys are name, nginx, directory, reload, listen, byModel, networks, nodeSuffix, nodeNames, connectionsPerClient, state, metricsPort',
    ],
  ])('%s is reported where it stands', (gateway, problem) => {
    const text = (TIER + MODEL).replace(/gateway: .*/, gateway)
    expect(problemsOf(text).filter(one => one.includes('gateway'))).toContain(problem)
  })

  it('a site without tiers is reported', () => {
    expect(problemsOf(`${SITE}tiers: {}\n`)).toEqual([
      '5:1: Cannot use tiers: there is no tier; add one, such as fast: { engine: llama.cpp, path: /, … }',
    ])
  })
})
