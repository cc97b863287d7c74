import type { GatewayParts } from '../gateway-parts.ts'
import { readLink, setLink } from '../generation-files.ts'
import { listenersOf } from '../render/listeners.ts'
import { hasOneGeneration } from './await-generation.ts'
import { buildOfMaster } from './build-of-master.ts'
import { privateGeneration } from './generation-probe.ts'
import { loadGeneration } from './load-generation.ts'
import type { NginxInstance } from './nginx-instance.ts'
import { findNginx, isAccepting, readAgain } from './nginx-processes.ts'
import { rotateLogs } from './rotate-logs.ts'
import { readRunning } from './running-gateway.ts'
import { stopNginx } from './stop-nginx.ts'

/** An nginx of our own in the state directory: a daemon that this account starts, and reloads through `current`. */
export function createPrivateNginx(parts: GatewayParts): NginxInstance {
  const { directory, nginx } = parts
  const ask = () => privateGeneration(directory)
  const buildOf = buildOfMaster(nginx)

  return {
    async look() {
      const found = findNginx(directory.root)
      const masters = found.filter(one => one.role === 'master')
      const master = masters.length === 1 ? masters[0] : undefined
      const accepting = found.filter(isAccepting)
      return {
        master,
        build: await buildOf(master),
        answer: accepting.length === 0 ? undefined : await ask(),
        isSettled:
          master !== undefined && accepting.every(one => one.parent === master.pid) && hasOneGeneration(directory),
        isStill: async () => false, // a failed start or reload may still take effect
      }
    },
    async stillRuns(master, generation) {
      return readAgain(master) !== undefined && (await ask()) === generation
    },
    rotateLogs: () => rotateLogs(directory),
    test: (generation, _model, sight) => nginx.test(generation, sight.master),
    listeners: async () => listenersOf(...findNginx(directory.root).map(one => one.pid)),
    async install(generation) {
      const isOther = generation !== undefined && (await readLink(directory, 'current')) !== generation
      if (isOther) await setLink(directory, 'current', generation)
    },
    // The candidate's test covered the whole configuration.
    check: async () => undefined,
    async load(generation, signal) {
      // Without an earlier generation there is nothing to load.
      if (generation !== undefined) await loadGeneration({ ...parts, generation, signal })
      return findNginx(directory.root).find(one => one.role === 'master')
    },
    keep: generation => setLink(directory, 'good', generation),
    workers: async () => findNginx(directory.root).filter(one => one.role === 'worker'),
    running: signal => readRunning(parts, signal),
    stop: ({ graceMs, signal }) => stopNginx(parts, graceMs, signal),
  }
}
