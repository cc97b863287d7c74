import { mkdir, writeFile } from 'node:fs/promises'
import { until } from '../../support/until.ts'
import { startAccounting } from './accounting.ts'
import { makeAccounts } from './accounts.ts'
import type { ClusterOptions } from './cluster-options.ts'
import { type Cluster, writeCluster } from './cluster-state.ts'
import { daemonPid, logTail } from './daemons.ts'
import { MODELS_DIRECTORY, makeDirectories, makeGpus } from './directories.ts'
import { SLOW_MODEL, SMALL_MODEL, writeModel } from './model.ts'
import { startMunge } from './munge.ts'
import { CONTROLLER, describeNodes, makeNetwork } from './network.ts'
import { logProgress } from './progress.ts'
import { slurmConfiguration } from './slurm-conf.ts'
import { slurmdName, startSlurmctld, startSlurmd } from './slurm-daemons.ts'
import { nodeStates } from './slurm-view.ts'

/** Nodes register within two seconds; a machine under load takes longer. */
const START_TIMEOUT_MS = 60_000

/** What lies in the models directory, under the names of the example site. */
export const MODELS = { 'strand-rust-coder-14b-q8_0': SMALL_MODEL, 'OR1-Behemoth-72B-Q4_K_M': SLOW_MODEL } as const

/**
 * Turns the namespaces that we are in into a running cluster: when it returns, every node is idle. Nothing is ever torn
 * down one by one; all of it ends with the PID namespace.
 * @throws with the ends of the daemons' logs when the nodes do not become idle
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const started = performance.now()
  const cluster: Cluster = { options, controller: CONTROLLER, nodes: describeNodes(options.nodeCount) }
  const names = cluster.nodes.map(node => node.name)
  await writeCluster(cluster)
  await Promise.all([makeNetwork(cluster.nodes), makeAccounts(), makeFiles(cluster)])
  await startMunge()
  await writeSlurmConfiguration(cluster)
  if (options.preemption === 'qos') {
    await startAccounting(options, CONTROLLER.name)
  }
  logProgress(`starting Slurm on ${CONTROLLER.name} and ${names.join(' ')}`)
  await startSlurmctld()
  await Promise.all(names.map(startSlurmd))
  await nodesAreIdle(names)
  logProgress(`the nodes are idle, after ${((performance.now() - started) / 1000).toFixed(1)} s`)
  return cluster
}

async function makeFiles({ options, nodes }: Cluster): Promise<void> {
  await makeDirectories(nodes.map(node => node.name))
  await makeGpus(options.gpusPerNode)
  for (const [name, shape] of Object.entries(MODELS)) {
    await writeModel(`${MODELS_DIRECTORY}/${name}.gguf`, shape)
  }
}

async function writeSlurmConfiguration(cluster: Cluster): Promise<void> {
  await mkdir('/etc/slurm', { recursive: true })
  for (const [name, text] of Object.entries(slurmConfiguration(cluster))) {
    await writeFile(`/etc/slurm/${name}`, text)
  }
}

async function nodesAreIdle(names: readonly string[]): Promise<void> {
  const daemons = ['slurmctld', ...names.map(slurmdName)]
  // A daemon that refuses its configuration ends at once, and nothing is worth waiting for then.
  const look = async () => (await firstEnded(daemons)) ?? (await nodeStates())
  const holds = (seen: string | Readonly<Record<string, string>>) =>
    typeof seen === 'string' || names.every(name => seen[name] === 'idle')
  try {
    const seen = await until(`${names.join(', ')} idle`, look, { holds, timeoutMs: START_TIMEOUT_MS })
    if (typeof seen === 'string') {
      throw new Error(`${seen} has ended`)
    }
  } catch (cause) {
    const tails = await Promise.all(daemons.map(async name => `--- ${name}\n${await logTail(name, 15)}`))
    throw new Error(`Cannot start the cluster: ${(cause as Error).message}\n${tails.join('\n')}`, { cause })
  }
}

async function firstEnded(daemons: readonly string[]): Promise<string | undefined> {
  const pids = await Promise.all(daemons.map(daemonPid))
  return daemons.find((_, index) => pids[index] === undefined)
}
