import type { Staging } from './stage-model.ts'

/** An engine's processes as they are started: one, or a head and its workers. */
export interface StartedProcesses {
  /** How the first of them ended, or why it could not be brought up; resolves once and never rejects. */
  readonly exited: Promise<string>
  processes(): readonly { readonly role: string; readonly pid: number; readonly node: string | undefined }[]
  /** Undefined: nothing is in the way. What is waited for, or what has been said that cannot be lived with. */
  trouble(): Promise<{ readonly kind: 'waiting' | 'copying' | 'fatal'; readonly message: string } | undefined>
  /** Resolves when nothing of it is left, with the pids that had to be hunted down. */
  stop(): Promise<readonly number[]>
}

/** Starts processes once their model is on the node; to stop them before that ends the copying. Returns at once. */
export function afterStaging(options: {
  readonly staging: Staging
  readonly start: (model: string) => Promise<StartedProcesses>
  readonly abort: AbortController
}): StartedProcesses {
  const { staging, abort } = options
  let started: StartedProcesses | undefined
  const starting = staging.staged.then(async model => {
    abort.signal.throwIfAborted()
    started = await options.start(model)
    return started
  })
  return {
    exited: starting.then(
      running => running.exited,
      error => (error instanceof Error ? error.message : String(error)),
    ),
    processes: () => started?.processes() ?? [],
    trouble: async () => (started === undefined ? { kind: 'copying', message: staging.message() } : started.trouble()),
    async stop() {
      abort.abort(new Error('The copy was ended'))
      const running = await starting.catch(() => undefined) // why is what `exited` says
      return running === undefined ? [] : running.stop()
    },
  }
}
