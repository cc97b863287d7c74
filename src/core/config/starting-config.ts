import type { EngineName } from '../engines/index.ts'

/** The values of a first sluice.yaml. */
export interface StartingAnswers {
  readonly site: string
  /** undefined: the cluster's default partition. */
  readonly partition: string | undefined
  /** The directory of Sluice on the filesystem that all nodes share. */
  readonly directory: string
  readonly networks: readonly string[]
  readonly engine: StartingEngine
  /** A file or directory on the nodes, or a name at Hugging Face for engines that download models. */
  readonly model: string
}

/** Engines for which a model is enough. */
export const STARTING_ENGINES = ['llama.cpp', 'vllm', 'sglang', 'tei'] as const satisfies readonly EngineName[]
export type StartingEngine = (typeof STARTING_ENGINES)[number]

export function startingPlaces(directory: string): { shared: string; runtime: string } {
  return { shared: `${directory}/state`, runtime: `${directory}/runtime` }
}

export function startingTier(engine: StartingEngine): string {
  return engine === 'tei' ? 'embeddings' : 'chat'
}

/** The name that clients ask for: the last part of a path or of a name at Hugging Face. */
function nameOf(model: string): string {
  const last = model.replace(/\/+$/, '').split('/').at(-1) ?? ''
  return last.replace(/\.gguf$/i, '').replaceAll(/[^A-Za-z0-9_.-]/g, '-') || 'model'
}

/** The text of sluice.yaml. Words from outside are quoted as JSON, which is YAML. */
export function startingConfig(answers: StartingAnswers): string {
  const { site, partition, directory, networks, engine, model } = answers
  const { shared, runtime } = startingPlaces(directory)
  const q = (word: string) => (/^[A-Za-z/][A-Za-z0-9_./-]*$/.test(word) ? word : JSON.stringify(word))
  const where = model.startsWith('/') ? `file: ${q(model)}` : `id: ${q(model)}`
  return `# Written by sluice init. All keys: sluice config schema. Check this file: sluice config check.
site: ${q(site)}
shared: ${q(shared)} # of the account that runs everything, on the filesystem that all nodes share; not writable for others
runtime: ${q(runtime)} # where sluice install puts Sluice and its Node; jobs start it from there
gateway:
  listen: 127.0.0.1:8080 # nginx, on this machine alone; 8080 means all its addresses, and every program that reaches them can use the engines
  networks: [${networks.join(', ')}] # the networks of the nodes; the gateway reaches engines only there
tiers:
  ${startingTier(engine)}: # a service: jobs that serve one model at one path
    engine: ${engine}
    path: / # http://127.0.0.1:8080/v1
    model: { name: ${q(nameOf(model))}, ${where} } # ${model.startsWith('/') ? 'as the nodes see it' : 'the nodes fetch it from Hugging Face'}
    # command: /opt/bin/… # the engine's program, where it is not on the nodes' PATH
    slurm:
${partition === undefined ? '      # partition: …' : `      partition: ${q(partition)}`}
      gpus: 1 # on each node
      # mem: 64G
      # time: 1-00:00:00 # replicas come back by themselves after it
      # qos, account, nodelist, …; and extra: [--constraint=…] for whatever has no key
`
}
