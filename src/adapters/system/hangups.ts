/** The SIGHUPs of a process that none of them ends. */
export interface Hangups {
  /** Calls the listener at each, until the function that it returns is called; at once for those that nobody has heard yet. */
  listen(listener: () => void): () => void
}

/**
 * Hears every SIGHUP from now on. One that comes while nobody listens is remembered: a program that is still starting, or
 * between two runs, obeys it when it can.
 */
export function hearHangups(source: { on(name: 'SIGHUP', heard: () => void): unknown }): Hangups {
  const listeners = new Set<() => void>()
  let isWaiting = false
  source.on('SIGHUP', () => {
    isWaiting = listeners.size === 0
    for (const listener of listeners) listener()
  })
  return {
    listen(listener) {
      listeners.add(listener)
      if (isWaiting) listener()
      isWaiting = false
      return () => void listeners.delete(listener)
    },
  }
}
