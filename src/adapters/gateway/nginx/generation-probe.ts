import { Client } from 'undici'
import { readStreamText } from '../../system/stream-text.ts'
import { acceptingGenerations } from '../render/generation-mark.ts'
import type { StateDirectory } from '../state-directory.ts'
import { findAnyNginx, findNginx } from './nginx-processes.ts'

/** The place at which the workers of a gateway's nginx report their generation. */
export type GenerationProbe =
  /** A socket of a private nginx. */
  | { readonly socketPath: string }
  /** The gateway's URL for a client on this machine, in an nginx with other sites. */
  | { readonly url: string }

/**
 * The generation of a private nginx's workers; during a reload the older one. Undefined: no worker accepts.
 */
export async function privateGeneration(directory: StateDirectory): Promise<number | undefined> {
  const [older] = acceptingGenerations(findNginx(directory.root), directory)
  // Generations without a mark (of older versions) have to be asked.
  return older ?? askGeneration({ socketPath: directory.controlSocket })
}

/** The same for the system's nginx, whose processes only root may read; `controls` are its listen addresses. */
export async function systemGeneration(
  directory: StateDirectory,
  probes: readonly GenerationProbe[],
): Promise<number | undefined> {
  const [older] = acceptingGenerations(findAnyNginx(), directory)
  if (older !== undefined) return older
  for (const probe of probes) {
    const answer = await askGeneration(probe)
    if (answer !== undefined) return answer
  }
  return undefined
}

/**
 * The generation of one worker, which nginx chooses. Undefined: the connection was refused, or there was no such answer in time;
 * the latter does not show what runs.
 */
export async function askGeneration(probe: GenerationProbe): Promise<number | undefined> {
  const isSocket = 'socketPath' in probe
  // A new connection for every query: a kept one would stay with an old worker.
  const client = isSocket
    ? new Client('http://gateway', { socketPath: probe.socketPath, pipelining: 0 })
    : new Client(probe.url, { pipelining: 0 })
  const signal = AbortSignal.timeout(ANSWER_MS)
  try {
    const answer = await client.request({
      method: 'GET',
      path: isSocket ? '/generation' : '/_sluice/generation',
      signal,
    })
    const text = await readStreamText(answer.body, MOST_BYTES, signal)
    return answer.statusCode === 200 && /^\d{1,15}$/.test(text) ? Number(text) : undefined
  } catch {
    return undefined // refused or too slow: the caller asks again until its own deadline
  } finally {
    await client.destroy()
  }
}

// A worker answers between two events. One that takes longer is stuck, and the next query may reach another.
const ANSWER_MS = 1000

// Any program may listen on that port; a generation has 15 digits at most.
const MOST_BYTES = 64
