import { mkdir, readFile, writeFile } from 'node:fs/promises'
import type { ClusterOptions } from './cluster-options.ts'

/** Where the lab keeps what its other processes must know. */
export const LAB_DIRECTORY = '/run/lab'

const STATE_FILE = `${LAB_DIRECTORY}/cluster.json`

/** A machine of the cluster: a network namespace and a host name of its own on this kernel. */
export type Machine = { name: string; address: string }

export type Cluster = {
  options: ClusterOptions
  controller: Machine
  nodes: readonly Machine[]
}

/** Written once, before the first daemon starts; tests run in other processes and read it. */
export async function writeCluster(cluster: Cluster): Promise<void> {
  await mkdir(LAB_DIRECTORY, { recursive: true })
  await writeFile(STATE_FILE, `${JSON.stringify(cluster, null, 2)}\n`)
}

/** @throws outside of a lab */
export async function readCluster(): Promise<Cluster> {
  try {
    return JSON.parse(await readFile(STATE_FILE, 'utf8')) as Cluster
  } catch (cause) {
    throw new Error(`Cannot find the lab's cluster: ${STATE_FILE} is not readable; is this running inside a lab?`, {
      cause,
    })
  }
}
