import { Client } from 'undici'

/**
 * The generation that one worker of the nginx behind this control socket runs; which worker answers is nginx's choice.
 * Undefined: nobody listens, or there was no such answer in time, which says nothing about what runs.
 */
export async function askGeneration(socketPath: string): Promise<number | undefined> {
  // A connection of its own for every question: a kept one would go on talking to an old worker.
  const client = new Client('http://gateway', { socketPath, pipelining: 0 })
  try {
    const answer = await client.request({ method: 'GET', path: '/generation', signal: AbortSignal.timeout(ANSWER_MS) })
    const text = await answer.body.text()
    return answer.statusCode === 200 && /^\d{1,15}$/.test(text) ? Number(text) : undefined
  } catch {
    return undefined // nobody there, or too slow: the caller asks again until its own deadline
  } finally {
    await client.destroy()
  }
}

// A worker answers between two events; one that takes longer than this is stuck, and the next question may find another.
const ANSWER_MS = 1000
