import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { ask } from './ask.ts'

export interface Hammer {
  /** Waits until so many more requests have ended. */
  answered(more: number): Promise<void>
  /** Returns when every request has ended, with what was not a 200. */
  stop(): Promise<{ failures: readonly string[]; count: number }>
}

/** The header that says when a request was begun, in milliseconds of performance.now(). */
export const ASKED_AT = 'x-asked-at'

/**
 * Sixteen clients that ask without a pause, until the test ends. They share this process with the gateway and the engines
 * of the test: where it is enough that somebody asks all the while, `restMs` leaves the time to these.
 */
export function hammer(port: number, { keepAlive = false, clients = 16, restMs = 0 } = {}): Hammer {
  const agent = keepAlive ? new Agent({ keepAlive: true }) : undefined
  const failures: string[] = []
  let count = 0
  let isOver = false
  const waiting = new Set<() => void>()
  const running = Array.from({ length: clients }, async () => {
    while (!isOver) {
      try {
        const headers = { [ASKED_AT]: String(performance.now()) }
        const question = { port, path: '/v1/x', body: '{}', headers }
        const { status } = await ask(agent === undefined ? question : { ...question, agent })
        if (status !== 200) failures.push(String(status))
      } catch (error) {
        failures.push(String(error))
      }
      count++
      for (const look of waiting) look()
      if (restMs > 0) await sleep(restMs)
    }
  })
  async function stop() {
    isOver = true
    await Promise.all(running)
    agent?.destroy()
    return { failures, count }
  }
  onTestFinished(async () => void (await stop()))
  return {
    stop,
    async answered(more) {
      const goal = count + more
      const { promise, resolve } = Promise.withResolvers<void>()
      const look = () => (count >= goal ? resolve() : undefined)
      waiting.add(look)
      await promise
      waiting.delete(look)
    },
  }
}
