import { describe, expect, it } from 'vitest'
import { SITE, TIER } from '../../support/example-config.ts'
import { problemsOf } from './problems-of.ts'

const GOOD = `${TIER}    model: { name: m, file: /m.gguf }\n`

/** The problems of GOOD with more lines in its tier, from line 10 on. */
const inTier = (lines: string) => problemsOf(GOOD + lines)

/** The problems of three small tiers, of which the second and third get these keys. */
const tiers = (second: string, third: string) => {
  const tier = (name: string, keys: string) =>
    `  ${name}: { engine: llama.cpp, model: { name: m, file: /m.gguf }, ${keys} }\n`
  return problemsOf(`${SITE}tiers:\n${tier('a', 'path: /, gatewayPort: 8080')}${tier('b', second)}${tier('c', third)}`)
}

describe('where a gateway listens', () => {
  const listens = (gateway: string, second: string, third = 'path: /c/') =>
    problemsOf(
      `${SITE.replace(' }', `, ${gateway} }`)}tiers:
  b: { engine: demo, path: /b/, ${second} }
  c: { engine: demo, ${third} }
`,
    )

  it.each<[string, string, string?]>([
    ['listen: 127.0.0.1:8080', 'gatewayPort: 127.0.0.1:8081'],
    ['listen: 127.0.0.1:8080', 'gatewayPort: 127.0.0.1:8080'],
    ['listen: 127.0.0.1:8080', 'gatewayPort: 10.0.0.1:8080'],
    ['listen: "[::1]:8080"', 'gatewayPort: "[0:0::1]:8080"'],
    ['listen: "[::1]:8080"', 'gatewayPort: 127.0.0.1:8080'],
    ['listen: 0.0.0.0:8080', 'gatewayPort: 8081', 'path: /c/, gatewayPort: "[::]:8082"'],
  ])('%s, %s, %s', (gateway, second, third) => {
    expect(listens(gateway, second, third)).toEqual([])
  })

  const ONE_MISTAKE = 'and one of the two is for all addresses; write another port'
  const problems = (mine: string, theirs: string) => [
    `4:45: Cannot use gateway.listen: tier "b" has ${mine}, ${ONE_MISTAKE}`,
    `6:46: Cannot use tiers.b.gatewayPort: gateway.listen has ${theirs}, ${ONE_MISTAKE}`,
  ]
  it.each<[string, string, string[]]>([
    ['listen: 127.0.0.1:8080', 'gatewayPort: 8080', problems('8080', '"127.0.0.1:8080"')],
    ['listen: 8080', 'gatewayPort: 127.0.0.1:8080', problems('"127.0.0.1:8080"', '8080')],
    ['listen: 0.0.0.0:8080', 'gatewayPort: 127.0.0.1:8080', problems('"127.0.0.1:8080"', '0.0.0.0:8080')],
    ['listen: "[::]:8080"', 'gatewayPort: "[::1]:8080"', problems('"[::1]:8080"', '"[::]:8080"')],
    ['listen: 8080', 'gatewayPort: "[::1]:8080"', problems('"[::1]:8080"', '8080')],
  ])('%s beside %s is named at both keys', (gateway, second, expected) => {
    expect(listens(gateway, second)).toEqual(expected)
  })

  it('two tiers on one address, the metrics and what is wrong by itself are reported together', () => {
    expect(
      listens(
        'listen: localhost:8080, metricsPort: 9464',
        'gatewayPort: 127.0.0.1:9464',
        'path: /c/, gatewayPort: 127.0.0.1:9464',
      ),
    ).toEqual([
      '4:45: Cannot use gateway.listen: it is text "localhost:8080"; write the address instead of a name: 127.0.0.1:8080',
      '4:74: Cannot use gateway.metricsPort: tier "b" has "127.0.0.1:9464" already; write another',
      '6:46: Cannot use tiers.b.gatewayPort: gateway.metricsPort has "127.0.0.1:9464" already; write another',
      '7:46: Cannot use tiers.c.gatewayPort: gateway.metricsPort has "127.0.0.1:9464" already; write another',
    ])
  })
})

describe('gateway.networks', () => {
  const networks = (network: string) => problemsOf(GOOD.replace('10.0.0.0/24', JSON.stringify(network)))

  it.each(['10.0.0.0/8', '192.168.7.0/24', '10.1.2.3/32', '127.0.0.0/8', '100.64.0.0/10'])('%s is one', network => {
    expect(networks(network)).toEqual([])
  })

  it.each([
    ['10.0.0.5/24', 'has host bits set; write 10.0.0.0/24 for the network, or 10.0.0.5/32 for this address alone'],
    [
      '200.255.255.255/9',
      'has host bits set; write 200.128.0.0/9 for the network, or 200.255.255.255/32 for this address alone',
    ],
    ['10.0.0.7', 'has no prefix length; write 10.0.0.7/32 for this address alone'],
    ['10.0.0.0/33', 'has the prefix length "33"; write a whole number from 8 to 32'],
    ['10.0.0.0/024', 'has the prefix length "024"; write a whole number from 8 to 32'],
    ['10.0.0.0/24/1', 'is not an IPv4 network; write four numbers up to 255 and a prefix length, such as 10.0.0.0/24'],
    ['10.0.0/24', 'is not an IPv4 network; write four numbers up to 255 and a prefix length, such as 10.0.0.0/24'],
    ['10.0.0.256/24', 'is not an IPv4 network; write four numbers up to 255 and a prefix length, such as 10.0.0.0/24'],
    ['', 'is not an IPv4 network; write four numbers up to 255 and a prefix length, such as 10.0.0.0/24'],
    ['fe80::/64', 'is not IPv4; write the IPv4 network of the nodes: only IPv4 is supported today'],
    ['0.0.0.0/0', 'is too wide to mean the nodes; write the networks of the nodes, with prefixes from 8 to 32'],
    ['169.254.3.0/24', 'contains link-local addresses; write the network that the nodes are reached in'],
    ['169.0.0.0/8', 'contains link-local addresses; write the network that the nodes are reached in'],
    ['239.1.0.0/16', 'contains no host addresses; write the network that the nodes are reached in'],
    ['0.0.0.0/8', 'contains no host addresses; write the network that the nodes are reached in'],
  ])('%j is none', (network, problem) => {
    expect(networks(network)).toEqual([`4:23: Cannot use gateway.networks[0]: ${JSON.stringify(network)} ${problem}`])
  })
})

describe('gateway.nginx', () => {
  const gateway = (keys: string) => problemsOf(GOOD.replace('{ networks', `{ ${keys}, networks`))

  it.each([
    ['nginx: private', []],
    ['nginx: system', []],
    ['byModel: true', []],
    [
      'nginx: system, byModel: true',
      ['4:36: Cannot use gateway.byModel: only a private nginx routes by model; leave it out, or nginx: system'],
    ],
    ['nginx: system, directory: /etc/nginx/http.d, reload: nginx -s reload', []],
    ['nginx: sytem', ['4:19: Cannot use gateway.nginx: "sytem"; did you mean "system"']],
    [
      'directory: /etc/nginx/http.d',
      ["4:12: Cannot use gateway.directory: it is for the system's nginx; write nginx: system too, or leave it out"],
    ],
    [
      'nginx: private, reload: nginx -s reload',
      ["4:28: Cannot use gateway.reload: it is for the system's nginx; write nginx: system too, or leave it out"],
    ],
    [
      'nginx: system, directory: conf.d',
      [
        '4:38: Cannot use gateway.directory: "conf.d"; write an absolute path of letters, digits and _ . + @ = -, without . and .. segments',
      ],
    ],
    [
      'nginx: system, reload: nginx -s reload; reboot',
      [
        '4:35: Cannot use gateway.reload: "nginx -s reload; reboot"; write a program and its arguments with one space between them, of letters, digits and _ . / + @ : = , -',
      ],
    ],
  ])('with %s has these problems and no others', (keys, problems) => {
    expect(gateway(keys)).toEqual(problems)
  })
})

it.each([
  [85, 'private', []],
  [
    86,
    'private',
    [
      '4:19: Cannot use gateway.state: the path of its control socket would have 108 bytes, and Linux takes 107; write a path that is 1 bytes shorter',
    ],
  ],
  [200, 'system', []],
])(
  'gateway.state of %d characters for a %s nginx is refused where its socket has no room',
  (length, nginx, problems) => {
    const state = `/${'s'.repeat(length - 1)}`
    expect(problemsOf(GOOD.replace('{ networks', `{ state: ${state}, nginx: ${nginx}, networks`))).toEqual(problems)
  },
)

it.each([
  ['engine: { a: 1 }', 'tiers.fast.engine: it is a map; choose "llama.cpp"'],
  ['engine: [vllm]', 'tiers.fast.engine: it is a list; choose "llama.cpp"'],
  ['allow: [{ a: 1 }]', 'tiers.fast.allow[0]: it is a map; choose "flash-attn-on-sm70"'],
])('%s is reported, not thrown', (line, problem) => {
  const text = line.startsWith('engine') ? GOOD.replace('engine: llama.cpp', line) : `${GOOD}    ${line}\n`
  expect(problemsOf(text)).toEqual([expect.stringContaining(`Cannot use ${problem}`)])
})

describe('timing', () => {
  it.each([
    ['{ beatSeconds: 9.9 }', []],
    [
      '{ beatSeconds: 10 }',
      [
        '10:1: Cannot use timing.leaseSeconds: a lease of 20 s ends after one late beat, at 10 s a beat; write more than 20, or beat more often',
      ],
    ],
    [
      '{ beatSeconds: 1, leaseSeconds: 2 }',
      [
        '10:41: Cannot use timing.leaseSeconds: a lease of 2 s ends after one late beat, at 1 s a beat; write more than 2, or beat more often',
      ],
    ],
    ['{ beatSeconds: 0 }', ['10:24: Cannot use timing.beatSeconds: 0; write a number above 0 to 86400']],
    ['{ scanSeconds: 90000 }', ['10:24: Cannot use timing.scanSeconds: 90000; write a number above 0 to 86400']],
  ])('%s has this problem or none', (timing, problems) => {
    expect(problemsOf(`${GOOD}timing: ${timing}\n`)).toEqual(problems)
  })
})

describe('two tiers', () => {
  it.each([
    ['path: /b/', 'path: /c/', []],
    ['path: /b/', 'path: /b/c/', []],
    ['path: /b/', 'path: /b/', ['8:68: Cannot use tiers.c.path: tier "b" has "/b/" already; write another']],
    [
      'path: /v1/b/',
      'path: /v1x/',
      ['7:68: Cannot use tiers.b.path: "/v1/b/" is where a tier at / has its API; write another, such as /b/'],
    ],
    [
      'path: /_sluice/b/',
      'path: /_sluicex/',
      ['7:68: Cannot use tiers.b.path: "/_sluice/b/" is reserved for the gateway itself; write another, such as /b/'],
    ],
    ['path: /b/, gatewayPort: 8081', 'path: /c/, gatewayPort: 8082', []],
    ['path: /b/, gatewayPort: 8080', 'path: /c/, gatewayPort: 8080', []],
    [
      'path: /b/, gatewayPort: 8081',
      'path: /c/, gatewayPort: 8081',
      [
        '7:86: Cannot use tiers.b.gatewayPort: tier "c" has 8081 already; write another',
        '8:86: Cannot use tiers.c.gatewayPort: tier "b" has 8081 already; write another',
      ],
    ],
    ['path: /b/, slurm: { script: x.slurm }', 'path: /c/, slurm: { script: y.slurm }', []],
    [
      'path: /b/, slurm: { script: x.slurm }',
      'path: /c/, slurm: { script: x.slurm }',
      ['8:90: Cannot use tiers.c.slurm.script: tier "b" has "x.slurm" already; write another'],
    ],
    [
      'path: /b/',
      'path: /c/, slurm: { script: b.slurm }',
      ['8:90: Cannot use tiers.c.slurm.script: tier "b" has "b.slurm" already; write another'],
    ],
    [
      'path: /b/, slurm: { script: c.slurm }',
      'path: /c/',
      ['8:3: Cannot use tiers.c.slurm.script: tier "b" has "c.slurm" already; write another'],
    ],
  ])('with %s and %s are distinguished', (second, third, problems) => {
    expect(tiers(second, third)).toEqual(problems)
  })
})

describe('a demo tier', () => {
  const demo = (lines: string) => problemsOf(TIER.replace('llama.cpp', 'demo') + lines)

  it('needs nothing, and may name a model', () => {
    expect(demo('')).toEqual([])
    expect(demo('    model: { name: m, file: /m.gguf }\n')).toEqual([])
  })

  it.each(['command: llama-server', 'args: { threads: 1 }', 'context: 4096'])('takes no %s', line => {
    const [key = ''] = line.split(':')
    expect(demo(`    ${line}\n`)).toEqual([
      `9:5: Cannot use tiers.fast.${key}: the demo engine ignores it; leave it out`,
    ])
  })
})

describe('the model of a llama.cpp tier', () => {
  it.each([
    [
      '',
      [
        '6:3: Cannot use tiers.fast: it has no model; add model: { name, file } for one model, or router: { modelsDir } for a directory',
      ],
    ],
    [
      '    router: { modelsDir: /m }\n    model: { name: m, file: /m.gguf }\n',
      ['10:5: Cannot use tiers.fast.model: the tier has a router too; leave one of the two out'],
    ],
    ['    router: { modelsDir: /m, modelsMax: 2, preload: [a, b] }\n', []],
    [
      '    router: { modelsDir: /m, modelsMax: 2, preload: [a, b, c] }\n',
      [
        '9:53: Cannot use tiers.fast.router.preload: 3 models, where 2 fit (modelsMax); list at most 2, or raise modelsMax',
      ],
    ],
    [
      '    router: { modelsDir: /m, modelsMax: 2, preload: [a, a] }\n',
      ['9:57: Cannot use tiers.fast.router.preload[1]: "a" is listed twice; leave one of them out'],
    ],
    [
      '    model: { name: m m, file: m.gguf }\n',
      [
        '9:20: Cannot use tiers.fast.model.name: "m m"; write at most 128 letters, digits and _ . : @ + / -, starting with a letter or digit',
        '9:31: Cannot use tiers.fast.model.file: "m.gguf"; write an absolute path without control characters',
      ],
    ],
  ])('%j has these problems and no others', (lines, problems) => {
    expect(problemsOf(TIER + lines)).toEqual(problems)
  })
})

describe('nodes', () => {
  it.each([
    ['{ nodes: 1, nodelist: a1 }', []],
    [
      '{ nodes: 3 }',
      [
        '10:21: Cannot use tiers.fast.slurm.nodes: 3 nodes, but the engine would use only one; write 1, or add rpc: { workers } to serve one model over several; more replicas take more nodes',
      ],
    ],
    [
      '{ nodelist: "a[1-3]" }',
      [
        '10:24: Cannot use tiers.fast.slurm.nodelist: Slurm would give the job all 3 nodes of "a[1-3]"; name one node; for a choice among several, leave it out and use partition, or --exclude in extra',
      ],
    ],
  ])('%s are judged', (slurm, problems) => {
    expect(inTier(`    slurm: ${slurm}\n`)).toEqual(problems)
  })
})

describe('rpc', () => {
  it.each([
    ['{ workers: 2 }', '{ nodes: 3, nodelist: "a[1-3]" }', []],
    ['{ workers: 1, layers: [0, 80] }', '{ nodes: 2 }', []],
    [
      '{ workers: 2, layers: [40, 40] }',
      '{ nodes: 2 }',
      [
        '10:32: Cannot use tiers.fast.rpc.layers: 2 numbers, for a head and 2 workers; write 3',
        '11:21: Cannot use tiers.fast.slurm.nodes: 2, for a head and 2 workers; write nodes: 3 below slurm',
      ],
    ],
    [
      '{ workers: 1, layers: [80, 0] }',
      '{ nodes: 2 }',
      ['10:37: Cannot use tiers.fast.rpc.layers[1]: a worker without a layer; lower workers by one'],
    ],
    [
      '{ workers: 1, network: 10.9.0.0 }',
      '{ nodes: 2, nodelist: "a[1-3]" }',
      [
        '10:33: Cannot use tiers.fast.rpc.network: "10.9.0.0" has no prefix length; write 10.9.0.0/32 for this address alone',
        '11:34: Cannot use tiers.fast.slurm.nodelist: Slurm would give the job all 3 nodes of "a[1-3]"; name 2',
      ],
    ],
    [
      '{ workers: 17 }',
      '{ nodes: 18 }',
      ['10:21: Cannot use tiers.fast.rpc.workers: 17; write a whole number from 1 to 16'],
    ],
  ])('%s with %s has these problems and no others', (rpc, slurm, problems) => {
    expect(inTier(`    rpc: ${rpc}\n    slurm: ${slurm}\n`)).toEqual(problems)
  })

  it('counts the nodes that it has by default, too', () => {
    expect(inTier('    rpc: { workers: 1 }\n')).toEqual([
      '6:3: Cannot use tiers.fast.slurm.nodes: 1, for a head and 1 worker; write nodes: 2 below slurm',
    ])
  })

  it('serves one model, and places it itself', () => {
    expect(
      problemsOf(
        `${TIER}    router: { modelsDir: /m }\n    rpc: { workers: 1 }\n    args: { tensor-split: "1,1", -ngl: 9 }\n    slurm: { nodes: 2 }\n`,
      ),
    ).toEqual([
      '9:5: Cannot use tiers.fast.router: over RPC there is one model; write model: { name, file } instead',
      '11:13: Cannot use tiers.fast.args.tensor-split: --tensor-split is set by Sluice for a tier with rpc; write rpc.layers in the tier, or leave both out',
      '11:34: Cannot use tiers.fast.args.-ngl: -ngl is set by Sluice for a tier with rpc; leave it out; for a head without layers write 0 in rpc.layers',
    ])
  })
})

describe('slurm.extra and setup', () => {
  const ELSEWHERE =
    'submits to a cluster that Sluice does not watch; leave it out, and set up a site for each cluster, on a machine whose Slurm commands use that cluster'

  it.each([
    ['--mem=4G', '--mem has a key of its own; write mem below slurm'],
    ['-p gpu', '-p has a key of its own; write partition below slurm'],
    ['-pgpu', '-p has a key of its own; write partition below slurm'],
    ['--part=gpu', '--partition has a key of its own; write partition below slurm'],
    ['--nodel', '--nodelist has a key of its own; write nodelist below slurm'],
    ['--test', 'Sluice sets --test-only; leave it out'],
    ['--array=1-3', 'Sluice sets --array; leave it out'],
    ['-n 4', 'Sluice sets -n; leave it out'],
    ['--no-requeue', 'Sluice sets --no-requeue; leave it out'],
    ...['--gres=gpu:2', '"--gres=nvme:1,gpu:a100:2"', '--gpus=2', '-G2', '--tres-per-node=gres/gpu:2'].map(option => [
      option,
      `${option.replace(/=.*|2$|"/g, '')} excludes --gpus-per-node, which gpus asks for; write gpus with a type, such as a100:4, or requestGpus: false below slurm where this asks for them`,
    ]),
    ['--clusters=far', `--clusters ${ELSEWHERE}`],
    ['-Mfar', `-M ${ELSEWHERE}`],
    ['--cluster=far', `--cluster ${ELSEWHERE}`],
  ])('refuse %s', (option, problem) => {
    expect(inTier(`    slurm: { extra: [--mail-type=END, ${option}] }\n`)).toEqual([
      `10:39: Cannot use tiers.fast.slurm.extra[1]: ${problem}`,
    ])
  })

  it.each([
    ['mem: 4G', '--mem-per-cpu=1G', '--mem-per-cpu excludes --mem, which mem asks for'],
    ['cpus: 4', '--cpus-per-gpu=1', '--cpus-per-gpu excludes --cpus-per-task, which cpus asks for'],
    ['nodelist: a1', '-F /nodes', '-F excludes --nodelist, which nodelist asks for'],
    ['exclusive: true', '--oversubscribe', '--oversubscribe excludes --exclusive, which exclusive asks for'],
  ])('beside %s refuse %s', (key, option, problem) => {
    expect(inTier(`    slurm: { ${key}, extra: [${option}] }\n`).map(line => line.replace(/^[\d:]+ /, ''))).toEqual([
      `Cannot use tiers.fast.slurm.extra[0]: ${problem}; leave one of the two out`,
    ])
    expect(inTier(`    slurm: { extra: [${option}] }\n`)).toEqual([])
  })

  it.each([
    ['{ extra: ["--gres=nvme:1", --gpu-freq=low] }', []],
    ['{ gpus: 0, extra: ["--gres=gpu:2"] }', []],
    ['{ gpus: 2, requestGpus: false, extra: ["--gres=gpu:a100:2"] }', []],
    ['{ gpus: 2, requestGpus: false, exclusive: true }', []],
    ['{ gpus: a100:4 }', []],
    ['{ gpus: 1g.10gb:2 }', []],
    [
      '{ gpus: 2, requestGpus: false }',
      [
        '10:36: Cannot use tiers.fast.slurm.requestGpus: another job of the node could use the same GPUs; write exclusive: true beside it, or ask for GPUs in extra',
      ],
    ],
    [
      '{ gpus: a100 }',
      [
        '10:20: Cannot use tiers.fast.slurm.gpus: "a100"; write a number, or a type of gres.conf and a number, such as a100:4 or 1g.10gb:2',
      ],
    ],
    ['{ gpus: -1 }', ['10:20: Cannot use tiers.fast.slurm.gpus: -1; write a whole number from 0 to 1024']],
  ])('GPUs of %s are judged', (slurm, problems) => {
    expect(inTier(`    slurm: ${slurm}\n`)).toEqual(problems)
  })

  it('refuse #SBATCH lines where sbatch does not read them', () => {
    expect(inTier('    setup: [module load cuda, " #SBATCH --mem=4G"]\n')).toEqual([
      '10:31: Cannot use tiers.fast.setup[1]: sbatch reads no #SBATCH line there; move the option to slurm.extra',
    ])
  })
})

describe('env', () => {
  it.each(['OMP_NUM_THREADS', 'TOKENIZERS_PARALLELISM', 'MAX_TOKENS', 'GGML_RPC_DEBUG', 'LD_LIBRARY_PATH', 'KEYS'])(
    '%s may be set',
    name => {
      expect(inTier(`    env: { ${name}: "1" }\n`)).toEqual([])
    },
  )

  it.each([
    ['SLURM_JOB_ID', 'Slurm sets it in the job; leave it out'],
    ['SLUICE_CONFIG', 'Sluice sets it; leave it out'],
    ['CUDA_VISIBLE_DEVICES', "Slurm assigns the job's GPUs; leave it out; to get more GPUs, raise slurm.gpus"],
    ['CUDA_DEVICE_ORDER', 'Sluice sets it to PCI_BUS_ID; leave it out'],
    ['LLAMA_ARG_HOST', 'it would change arguments without a check; write the flag in args'],
    ['AIP_HTTP_PORT', 'it would change the port of the engine; leave it out'],
    ...['HF_TOKEN', 'LLAMA_API_KEY', 'AWS_SECRET_ACCESS_KEY', 'password'].map(name => [
      name,
      'its name is that of a secret, and other accounts can read job scripts; keep it in a file of mode 0600 that the engine reads itself',
    ]),
  ])('%s may not, and its value is not shown', (name, problem) => {
    expect(inTier(`    env: { ${name}: hush }\n`)).toEqual([`10:12: Cannot use tiers.fast.env.${name}: ${problem}`])
  })

  it('names and values of another form are refused without showing the value', () => {
    expect(inTier('    env: { a-b: x, C: "hu\\nsh", D: 42, E: }\n')).toEqual([
      '10:12: Cannot use tiers.fast.env.a-b: the name "a-b"; write letters, digits and underscores, not starting with a digit',
      '10:23: Cannot use tiers.fast.env.C: it does not fit; write one line without control characters',
      '10:36: Cannot use tiers.fast.env.D: it is a number; write it in quotes',
      '10:43: Cannot use tiers.fast.env.E: it is empty; write text',
    ])
  })
})

describe('args', () => {
  const OWN = 'leave it out'
  it.each([
    [
      '{ host: 0.0.0.0 }',
      `13: Cannot use tiers.fast.args.host: --host is the node's address, which Sluice sets; ${OWN}`,
    ],
    [
      '{ api_key: hush }',
      `13: Cannot use tiers.fast.args.api_key: --api-key is the site's own key, which Sluice sets; ${OWN}`,
    ],
    ['{ c: 4096 }', '13: Cannot use tiers.fast.args.c: -c is set by Sluice; write context in the tier'],
    ['{ --Port_: 1 }', undefined],
    [
      '[--models_dir, /m]',
      '12: Cannot use tiers.fast.args[0]: --models_dir is set by Sluice; write router.modelsDir in the tier',
    ],
    [
      '[--api-key=hush]',
      `12: Cannot use tiers.fast.args[0]: --api-key is the site's own key, which Sluice sets; ${OWN}`,
    ],
    ['[-c 4096]', '12: Cannot use tiers.fast.args[0]: -c is set by Sluice; write context in the tier'],
    [
      '[-ngl 99]',
      '12: Cannot use tiers.fast.args[0]: "-ngl 99" would be one argument; write the flag and its value as two items',
    ],
    ['[--temp, -1, "text -c 5", "two\\nlines"]', undefined],
    [
      '[{ port: 1 }]',
      '14: Cannot use tiers.fast.args[0].port: --port is set by Sluice; write port in the tier, or leave it out for a free one',
    ],
    [
      '{ batch_size: 1, batch-size: 2 }',
      '28: Cannot use tiers.fast.args.batch-size: it is --batch-size, as batch_size above; leave one of the two out',
    ],
    [
      '{ a b: 1 }',
      '13: Cannot use tiers.fast.args."a b": a flag cannot have this name; write letters, digits, dashes and underscores',
    ],
    ['{ x: "\\0" }', '16: Cannot use tiers.fast.args.x: it contains a NUL character; leave it out'],
    ['{ mlock: true, x: { a: [1, null] } }', undefined],
    [
      '{ ts: [26, 27] }',
      '17: Cannot use tiers.fast.args.ts: it is a list; write true for a flag without a value, or text, a number, or a map, which is passed as JSON; for several values write the arguments as a list',
    ],
    ['[[a]]', '12: Cannot use tiers.fast.args[0]: it is a list; write text, a number, or a map of flags'],
    [
      '--mlock',
      '11: Cannot use tiers.fast.args: it is text "--mlock"; write a map, such as { batch-size: 512 }, or a list, such as [--batch-size, 512]',
    ],
  ])('%s has this problem or none', (args, problem) => {
    expect(inTier(`    args: ${args}\n`)).toEqual(problem === undefined ? [] : [`10:${problem}`])
  })
})
