import { Client } from 'undici'
import { readStreamText } from '../../system/stream-text.ts'
import { acceptingGenerations } from '../render/generation-mark.ts'
import type { StateDirectory } from '../state-directory.ts'
import { findAnyNginx, findNginx } from './nginx-processes.ts'

/** Where the workers of a gateway's nginx say which generation they run. */
export type GenerationProbe =
  /** A socket of a private nginx. */
  | { readonly socketPath: string }
  /** Where the gateway listens in an nginx that has other sites, as a client on this machine asks it. */
  | { readonly url: string }

/**
 * The generation that the workers of a private nginx run; while a reload goes on, the older one. Undefined: no worker
 * accepts.
 */
export async function privateGeneration(directory: StateDirectory): Promise<number | undefined> {
  const [older] = acceptingGenerations(findNginx(directory.root), directory)
  // One that was started before generations had marks says so only when asked.
  return older ?? askGeneration({ socketPath: directory.controlSocket })
}

/** The same for the system's nginx, which root alone may look into; `controls` are where it listens. */
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
 * The generation that one worker runs; which worker answers is nginx's choice. Undefined: nobody listens, or there was no
 * such answer in time, which says nothing about what runs.
 */
export async function askGeneration(probe: GenerationProbe): Promise<number | undefined> {
  const isSocket = 'socketPath' in probe
  // A connection of its own for every question: a kept one would go on talking to an old worker.
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
    return undefined // nobody there, or too slow: the caller asks again until its own deadline
  } finally {
    await client.destroy()
  }
}

// A worker answers between two events; one that takes longer than this is stuck, and the next question may find another.
const ANSWER_MS = 1000

// Who listens on a port of that number may be anybody; a generation has 15 digits at most.
const MOST_BYTES = 64
