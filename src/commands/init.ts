import { writeFile } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { resolve } from 'node:path'
import { openSlurm } from '../adapters/slurm/open-slurm.ts'
import { ownInterfaces, resolveHost } from '../adapters/system/network.ts'
import { placeToWrite } from '../adapters/system/working-directory.ts'
import { parseConfig } from '../core/config/parse-config.ts'
import {
  STARTING_ENGINES,
  type StartingEngine,
  startingConfig,
  startingPlaces,
  startingTier,
} from '../core/config/starting-config.ts'
import type { Context } from '../core/context.ts'
import { codeOf, reasonOf } from '../core/domain/caught.ts'
import { networkOf, networksOf } from '../core/domain/node-networks.ts'
import type { Partition } from '../core/domain/slurm-config.ts'
import { UserError } from '../core/domain/user-error.ts'

export interface InitOptions {
  readonly site?: string
  readonly partition?: string
  /** The directory on the shared filesystem. */
  readonly shared?: string
  readonly network?: readonly string[]
  readonly engine?: string
  readonly model?: string
  /** The file to write; sluice.yaml in the working directory by default. */
  readonly output?: string
  /** Ask nothing. */
  readonly yes?: boolean
}

/** Asks a person, and returns the answer, or `otherwise` for an empty one. */
export type Ask = (question: string, otherwise: string) => Promise<string>

const SLURM_TIMEOUT_MS = 20_000
/** The first nodes of a partition are enough to find its network. */
const MOST_NODES = 64

/**
 * `sluice init`: writes a first sluice.yaml from Slurm's answers and a person's. At a terminal it asks for values without an option;
 * without a terminal, or with --yes, it takes the defaults of the questions.
 *
 * @throws UserError when the file exists, when a value without a default cannot be found out, and for an invalid answer.
 */
export async function init(options: InitOptions, context: Context, ask: Ask = asker(options, context)): Promise<void> {
  const output = options.output ?? 'sluice.yaml'
  const slurm = openSlurm({ env: context.env, timeoutMs: SLURM_TIMEOUT_MS })
  const known = await slurm.partitions(context.signal)
  const partitions = known.kind === 'answered' ? known.value : []
  if (known.kind !== 'answered') context.warn(`Cannot find out Slurm's partitions: ${known.message}`)

  const usual = partitions.find(one => one.isDefault) ?? partitions[0]
  const names = partitions.map(one => one.name).join(', ')
  const partition = options.partition ?? (await ask(`Partition${names && ` (${names})`}`, usual?.name ?? ''))
  const chosen = partitions.find(one => one.name === partition)
  if (partition !== '' && partitions.length > 0 && chosen === undefined) {
    throw new UserError(`Cannot use partition "${partition}": Slurm has ${names}`)
  }
  const nodes = await addressesOf(chosen ?? usual)
  const found = networksOf(
    nodes.flatMap(node => node.addresses),
    ownInterfaces().flatMap(one => networkOf(one) ?? []),
  )
  const networks = options.network ?? words(await ask('Networks of its nodes, in CIDR notation', found.join(', ')))
  if (networks.length === 0) {
    throw new UserError(
      'Cannot find out the networks of the nodes: none of their names resolves here; name the networks, such as --network 10.0.0.0/24',
    )
  }
  const home = (context.env['HOME'] ?? '').replace(/^\/$/, '')
  const directory = resolve(
    context.cwd,
    options.shared ?? (await ask('Directory on the filesystem that all nodes share', `${home}/sluice`)),
  )
  const engine = engineOf(options.engine ?? (await ask(`Engine (${STARTING_ENGINES.join(', ')})`, 'llama.cpp')))
  const model = options.model ?? (await ask(MODEL_QUESTIONS[engine], usualModel(engine, directory)))
  const site = options.site ?? siteName(hostname())

  const text = startingConfig({ ...{ site, directory, networks, engine, model }, partition: partition || undefined })
  const { problems } = parseConfig(text, output)
  // Without a line: there is no such file yet.
  if (problems.length > 0)
    throw new UserError(problems.map(({ message, fix }) => [message, fix ?? []].flat().join('; ')))
  await write(placeToWrite(output, context.cwd), output, text)
  report({ output, directory, engine, networks, nodes: nodes.map(node => node.name), context })

  async function addressesOf(one: Partition | undefined) {
    const answer = one === undefined ? undefined : await slurm.hostnames(one.nodes, context.signal)
    const listed = answer?.kind === 'answered' ? answer.value.slice(0, MOST_NODES) : []
    return Promise.all(listed.map(async name => ({ name, addresses: (await resolveHost(name)) ?? [] })))
  }
}

const MODEL_QUESTIONS: Readonly<Record<StartingEngine, string>> = {
  'llama.cpp': 'Model: path of a .gguf file on the nodes',
  vllm: 'Model: path of a directory on the nodes, or a name at Hugging Face',
  sglang: 'Model: path of a directory on the nodes, or a name at Hugging Face',
  tei: 'Model: path of a directory on the nodes, or a name at Hugging Face',
}

function usualModel(engine: StartingEngine, directory: string): string {
  if (engine === 'llama.cpp') return `${directory}/models/model.gguf`
  return engine === 'tei' ? 'BAAI/bge-m3' : 'Qwen/Qwen3-8B'
}

function engineOf(text: string): StartingEngine {
  const engine = STARTING_ENGINES.find(one => one === text)
  if (engine !== undefined) return engine
  throw new UserError(
    `Cannot begin with engine "${text}": write ${STARTING_ENGINES.join(', ')}; docs/engines.md shows engine: custom`,
  )
}

/** Of this machine, in the alphabet of names. */
function siteName(host: string): string {
  const name = (host.split('.')[0] ?? '').toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')
  return /^[a-z]/.test(name) ? name.slice(0, 32) : 'site'
}

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter(word => word !== '')
}

const WHY_NOT: Readonly<Record<string, string>> = {
  EEXIST: 'it exists; remove it, or name another file with --output',
  ENOENT: 'its directory does not exist; create it, or name another file with --output',
}

async function write(path: string, output: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx' }).catch(cause => {
    const why = WHY_NOT[codeOf(cause) ?? ''] ?? reasonOf(cause)
    throw new UserError(`Cannot write ${output}: ${why}`, { cause })
  })
}

interface Written {
  readonly output: string
  readonly directory: string
  readonly engine: StartingEngine
  readonly networks: readonly string[]
  readonly nodes: readonly string[]
  readonly context: Context
}

function report({ output, directory, engine, networks, nodes, context: { print } }: Written): void {
  const { shared, runtime } = startingPlaces(directory)
  const { uid, username } = userInfo()
  const of = nodes.length === 0 ? '' : ` (${nodes.slice(0, 3).join(', ')}${nodes.length > 3 ? ', …' : ''})`
  print(`Wrote ${output}: networks ${networks.join(', ')}${of}`)
  print('')
  if (uid === 0) {
    print(
      'One account owns the jobs, the updater and the directory, and it is not root. Create it once, with the same uid on every node:',
    )
    print('  useradd --system --create-home sluice')
    print(`  install -d -o sluice -m 0751 ${directory} ${shared} ${runtime}`)
    print('Then as that account:')
  } else {
    print(`The account that owns the jobs, the updater and the directory is ${username}, on every node. Next:`)
    print(`  mkdir -p -m 0751 ${directory} ${shared} ${runtime}`)
  }
  print(`  sluice config check && sluice install --to ${runtime} && sluice doctor`)
  print(`  sluice submit ${startingTier(engine)}`)
  print('  sluice updater     # on this machine; nginx outlives it')
}

/** Asks at a terminal. */
function asker({ yes }: InitOptions, { ask }: Context): Ask {
  if (yes === true || ask === undefined) return async (_, otherwise) => otherwise
  return async (question, otherwise) => {
    const offered = otherwise === '' ? '' : ` [${otherwise}]`
    return (await ask(`${question}${offered}: `)).trim() || otherwise
  }
}
