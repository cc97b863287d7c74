/** The SIGHUPs of a process that must not end by them. */
export interface Hangups {
  /** Calls the listener at each, until the returned function is called; at once for SIGHUPs without a listener so far. */
  listen(listener: () => void): () => void
}

/**
 * Receives every SIGHUP from now on. One that comes without a listener is remembered, so that a program handles it after its start,
 * or in its next run.
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
