import { readlink } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ConfigOptions, loadConfig, loadRunningConfig } from '../adapters/config-file/load-config.ts'
import { runningUps } from '../adapters/config-file/running-ups.ts'
import { inspectListen, inspectNginx } from '../adapters/gateway/inspect-gateway.ts'
import { inspectShared, tryShared } from '../adapters/registry/inspect-shared.ts'
import { openRegistry } from '../adapters/registry/open-registry.ts'
import { inspectSiteKey } from '../adapters/registry/site-key.ts'
import { lookUpNode, nodeSources } from '../adapters/slurm/look-up-node.ts'
import { openSlurm } from '../adapters/slurm/open-slurm.ts'
import type { Slurm } from '../adapters/slurm/slurm.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { digestFile } from '../adapters/system/directory-digest.ts'
import { mayTrace } from '../adapters/system/end-sockets.ts'
import { createSerialQueue } from '../adapters/system/serial-queue.ts'
import { stateDirectory } from '../adapters/system/user-state.ts'
import { commandOf } from '../core/config/command-of.ts'
import type { Config, TierConfig } from '../core/config/schema.ts'
import { staticGateway } from '../core/config/static-gateway.ts'
import type { Context } from '../core/context.ts'
import { examineSite } from '../core/doctor/examine.ts'
import type { DoctorFacts, RuntimeFacts, SharedFacts, TierFacts } from '../core/doctor/facts.ts'
import { findingsText } from '../core/doctor/findings-text.ts'
import { inNetworks } from '../core/domain/address.ts'
import { codeOf, messageOf, reasonOf } from '../core/domain/caught.ts'
import { given } from '../core/domain/given.ts'
import { ANY_IPV4, canonicalListen, listenAddress, listensOf, overlaps } from '../core/domain/listen-address.ts'
import { COMMAND_DEADLINE_MS } from '../core/domain/shared-deadline.ts'
import type { Partition, Qos } from '../core/domain/slurm-config.ts'
import { ENGINES } from '../core/engines/index.ts'
import { printJson } from '../core/text/line-printer.ts'
import { withoutSlurm } from '../programs/up/without-slurm.ts'
import { nginxProgram } from '../programs/updater/own-gateway.ts'
import { endpointBuilds, updaterBuilds } from './site/build-users.ts'
import { isRunByUp } from './site/open-site.ts'
import { stillUpdaters } from './site/updater-pulse.ts'

export interface DoctorOptions extends ConfigOptions {
  readonly json?: boolean
}

const SLURM_TIMEOUT_MS = 20_000
/** In a bigger partition the first nodes represent the rest. */
const MOST_NODES = 64

/** `sluice doctor`: checks the site and prints its findings. Fails (exit code 1) if there is a problem. */
export async function doctor(options: DoctorOptions, context: Context): Promise<void> {
  const { config, file } = await loadRunningConfig(options, context)
  const isLocal = await isRunByUp(config, context)
  const findings = examineSite(isLocal ? await gatherLocal(config, context) : await gather(config, context))
  if (options.json === true) printJson(context.print, { file, site: config.site, findings })
  else for (const line of findingsText(findings)) context.print(line)
  const problems = findings.filter(finding => finding.level === 'problem').length
  if (problems > 0) throw new Error(`This site is not set up right: ${problems} problem${problems === 1 ? '' : 's'}`)
}

/** Slurm is not asked: if there is one, it has no jobs of this site. */
async function gatherLocal(config: Config, context: Context): Promise<DoctorFacts> {
  const [gateway, shared] = await Promise.all([
    gatherGateway(withoutSlurm(config), context),
    gatherShared(config.shared),
  ])
  return {
    ...{ isLocal: true, gateway, shared, tiers: [] },
    runtime: { path: config.runtime, current: undefined, isThis: undefined },
    slurm: { config: { unknown: 'There is no Slurm' }, squeueSeconds: config.timing.squeueSeconds },
  }
}

async function gather(config: Config, context: Context): Promise<DoctorFacts> {
  const slurm = openSlurm({ env: context.env, timeoutMs: SLURM_TIMEOUT_MS })
  const [gateway, shared, runtime, answer, partitions, qualities] = await Promise.all([
    gatherGateway(config, context),
    gatherShared(config.shared),
    gatherRuntime(config, context.signal),
    slurm.config(context.signal),
    slurm.partitions(context.signal),
    slurm.qualities(context.signal),
  ])
  const known = {
    partitions: partitions.kind === 'answered' ? partitions.value : undefined,
    qualities: qualities.kind === 'answered' ? qualities.value : undefined,
  }
  return {
    gateway,
    shared,
    runtime,
    slurm: {
      config: answer.kind === 'answered' ? answer.value : { unknown: answer.message },
      squeueSeconds: config.timing.squeueSeconds,
    },
    tiers: await Promise.all(
      Object.entries(config.tiers).map(([name, tier]) => gatherTier(name, tier, known, slurm, config, context)),
    ),
  }
}

/** The listen addresses of each `sluice up` of this account. */
async function listensOfUps(context: Context) {
  const ups = await runningUps(context.env)
  return Promise.all(
    ups.map(async ({ file }) => {
      const loaded = await loadConfig({ config: file }, context).catch(notKnown) // it may be ending
      return { file, addresses: loaded === undefined ? [] : listensOf(staticGateway(loaded.config)) }
    }),
  )
}

async function gatherGateway(config: Config, context: Context): Promise<DoctorFacts['gateway']> {
  const { env, signal } = context
  const { gateway, site, tiers } = config
  const serialQueue = createSerialQueue(systemClock, COMMAND_DEADLINE_MS)
  const registry = openRegistry(config.shared, serialQueue)
  const still = await stillUpdaters({ config, registry, serialQueue }, systemClock, signal).catch(notKnown)
  const directory = join(gateway.state ?? stateDirectory(site, env), gateway.name)
  const places = [gateway.listen, ...Object.values(tiers).flatMap(tier => tier.gatewayPort ?? [])]
  const ups = await listensOfUps(context)
  return {
    nginx: await inspectNginx(await nginxProgram(env), env),
    byModel: gateway.byModel,
    listens: await Promise.all(
      [...new Set(places.map(canonicalListen))].map(async listen => ({
        listen,
        holder: await inspectListen(listen, directory).catch(notKnown),
        up: ups.find(up => up.addresses.some(address => overlaps(address, listenAddress(listen))))?.file,
      })),
    ),
    mayEndStreams: gateway.nginx === 'system' ? true : await mayTrace().catch(notKnown),
    stillUpdaters: still && new Map([...still].map(([name, { forMs }]) => [name, forMs])),
    networks: gateway.networks,
  }
}

async function gatherShared(path: string): Promise<SharedFacts> {
  const serialQueue = createSerialQueue(systemClock, COMMAND_DEADLINE_MS)
  const found = await serialQueue
    .run('look at the shared directory', () => inspectShared(path))
    .catch(error => ({
      unreadable:
        codeOf(error) === 'EACCES' ? 'this account may not enter it; run sluice as its owner' : messageOf(error),
    }))
  const trial = await serialQueue
    .run('write in the shared directory', () => tryShared(path, systemClock))
    .catch(error => {
      const cause = codeOf(error) === undefined && error instanceof Error ? (error.cause ?? error) : error
      return { failed: reasonOf(cause), code: codeOf(cause) }
    })
  const key = await serialQueue
    .run('look at site.key', async () => (await inspectSiteKey(path)) ?? 'none')
    .catch(notKnown)
  return { path, uid: userInfo().uid, found, trial, key }
}

async function gatherRuntime(config: Config, signal: AbortSignal): Promise<RuntimeFacts> {
  const users = await gatherBuilds(config, signal).catch(notKnown)
  return { ...(await gatherCurrent(config.runtime)), users }
}

async function gatherBuilds(config: Config, signal: AbortSignal): Promise<RuntimeFacts['users']> {
  const serialQueue = createSerialQueue(systemClock, COMMAND_DEADLINE_MS)
  const registry = openRegistry(config.shared, serialQueue)
  const { endpoints } = await registry.scan()
  return {
    updaters: await updaterBuilds({ config, registry, serialQueue }, systemClock, signal),
    endpoints: endpointBuilds(endpoints),
  }
}

async function gatherCurrent(path: string): Promise<RuntimeFacts> {
  const serialQueue = createSerialQueue(systemClock, COMMAND_DEADLINE_MS)
  const current = await serialQueue
    .run('look at the runtime', () => readlink(join(path, 'current')))
    .then(basename, notKnown)
  const here = fileURLToPath(import.meta.url)
  if (current === undefined || !here.endsWith('.cjs')) return { path, current, isThis: undefined }
  const [ours, theirs] = await Promise.all(
    [here, join(path, 'current/sluice.cjs')].map(file =>
      serialQueue.run('read a bundle', () => digestFile(file)).catch(notKnown),
    ),
  )
  const isThis = ours === undefined || theirs === undefined ? undefined : ours === theirs
  return { path, current, isThis }
}

interface Known {
  readonly partitions: readonly Partition[] | undefined
  readonly qualities: readonly Qos[] | undefined
}

async function gatherTier(
  name: string,
  { command, engine, rpc, slurm: wanted }: TierConfig,
  { partitions, qualities }: Known,
  slurm: Slurm,
  config: Config,
  { signal }: Context,
): Promise<TierFacts> {
  const names = wanted.partition?.split(',')
  const found = partitions?.filter(one => (names === undefined ? one.isDefault : names.includes(one.name)))
  const missing = partitions === undefined ? [] : (names ?? []).filter(one => !partitions.some(p => p.name === one))
  const nodeList =
    wanted.nodelist ??
    found
      ?.map(one => one.nodes)
      .filter(Boolean)
      .join(',')
  return {
    name,
    command: ENGINES[engine].subcommand === undefined ? commandOf({ command, engine }) : undefined,
    ...given({ rpcPort: rpc?.port }),
    isExclusive: wanted.exclusive,
    partitions: found,
    missingPartitions: missing,
    qos: wanted.qos,
    qosFacts: qualities?.find(one => one.name === wanted.qos),
    nodes: nodeList === undefined || nodeList === '' ? undefined : await gatherNodes(nodeList, config, slurm, signal),
  }
}

/** Resolved like in the updater, so that the finding matches the updater's decision. */
async function gatherNodes(
  nodeList: string,
  { gateway }: Config,
  slurm: Slurm,
  signal: AbortSignal,
): Promise<TierFacts['nodes']> {
  const answer = await slurm.hostnames(nodeList, signal)
  if (answer.kind !== 'answered') return undefined
  const sources = nodeSources(gateway, slurm, signal)
  return Promise.all(
    answer.value.slice(0, MOST_NODES).map(async name => {
      const addresses = await lookUpNode(name, [], sources)
      const isNear = addresses?.some(address => inNetworks(address, gateway.networks))
      // A wanted address that no name resolves to, so that Slurm is asked too.
      return { name, addresses: isNear ? addresses : ((await lookUpNode(name, [ANY_IPV4], sources)) ?? addresses) }
    }),
  )
}

// Undefined is "not known", which the findings report.
function notKnown(): undefined {
  return undefined
}
