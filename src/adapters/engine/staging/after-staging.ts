import { messageOf } from '../../../core/domain/caught.ts'
import type { EngineGroup } from '../nodes/engine-group.ts'
import type { Staging } from './stage-model.ts'

/** Starts processes once their model is on the node; a stop before that ends the copy. Returns at once. */
export function afterStaging(options: {
  readonly staging: Staging
  readonly start: (model: string) => Promise<EngineGroup>
  readonly abort: AbortController
}): EngineGroup {
  const { staging, abort } = options
  let started: EngineGroup | undefined
  const starting = staging.staged.then(async model => {
    abort.signal.throwIfAborted()
    started = await options.start(model)
    return started
  })
  return {
    exited: starting.then(
      running => running.exited,
      error => messageOf(error),
    ),
    processes: () => started?.processes() ?? [],
    trouble: async () => (started === undefined ? { kind: 'copying', message: staging.message() } : started.trouble()),
    async stop() {
      abort.abort(new Error('The copy was ended'))
      const running = await starting.catch(() => undefined) // `exited` has the reason
      return running === undefined ? [] : running.stop()
    },
  }
}
