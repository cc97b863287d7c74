import { hasOneGeneration } from './await-generation.ts'
import { askGeneration } from './control-socket.ts'
import type { ApplyOutcome, ApplyStep, Gateway } from './gateway.ts'
import type { GatewayParts } from './gateway-parts.ts'
import {
  listGenerations,
  pruneGenerations,
  readGeneration,
  readLink,
  setLink,
  writeGeneration,
} from './generation-files.ts'
import { loadGeneration } from './load-generation.ts'
import type { NginxBuild } from './nginx-build.ts'
import { findNginx, isAccepting, type NginxProcess, readAgain } from './nginx-processes.ts'
import { listeningPorts, portsOf, probePorts } from './probe-ports.ts'
import { renderGateway } from './render-gateway.ts'
import { rotateLogs } from './rotate-logs.ts'

/** What runs before an apply. */
interface Before {
  /** Undefined when there is none, or more than one. */
  readonly master: NginxProcess | undefined
  readonly build: NginxBuild
  /** What a worker answers; undefined when none does. */
  readonly answer: number | undefined
  /** Nobody but workers of `master`'s one generation accepts. */
  readonly isSettled: boolean
}

/** What an apply left running: as long as this master answers this generation, nothing has to be looked up again. */
interface Settled {
  readonly master: NginxProcess
  readonly build: NginxBuild
  readonly generation: number
  readonly model: string
}

/**
 * `Gateway.apply`. A crash between any two of its steps leaves one of these, and the next call starts from what nginx
 * answers, not from what the files say:
 *
 * ```
 * written, not current     never read: removed later
 * current, not reloaded    nginx answers the older one: a new generation is written, and the older is the one to restore
 * reloaded, not verified   either answers, two generations accept: as above, and a verified reload ends both
 * verified, not `good`     nginx answers it: unchanged
 * started, not verified    a master that answers: as reloaded; one that does not: replaced
 * ```
 */
export function createApply(parts: GatewayParts): Gateway['apply'] {
  const { directory, nginx, clock } = parts
  let settled: Settled | undefined

  return async (model, signal) => {
    let step: ApplyStep = 'find nginx'
    let before: Before | undefined
    try {
      if (settled?.model === JSON.stringify(model) && (await stillRuns(settled))) {
        await rotateLogs(directory)
        return { status: 'unchanged', generation: settled.generation }
      }
      before = await look()
      await rotateLogs(directory)
      const { build, master, answer } = before
      step = 'render'
      const render = (generation: number) => renderGateway(model, { ...parts, generation, build })
      if (answer !== undefined && before.isSettled && (await isOnDisk(answer, render(answer)))) {
        settled = master && { master, build, generation: answer, model: JSON.stringify(model) }
        await tidy(answer)
        return { status: 'unchanged', generation: answer }
      }
      const generation = 1 + Math.max(0, answer ?? 0, ...(await listGenerations(directory)))
      const files = render(generation)

      step = 'write'
      await writeGeneration(directory, generation, files)
      signal.throwIfAborted()
      step = 'test'
      await nginx.test(generation, master)
      step = 'probe ports'
      const held = new Set(findNginx(directory.root).flatMap(one => [...listeningPorts(one.pid)]))
      await probePorts(portsOf(model).filter(port => !held.has(port)))
      signal.throwIfAborted()

      step = 'swap'
      await setLink(directory, 'current', generation)
      step = 'load'
      const start = clock.now()
      await loadGeneration({ generation, directory, nginx, clock, signal })
      const reloadMs = clock.now() - start
      const running = findNginx(directory.root).find(one => one.role === 'master')
      settled = running && { master: running, build, generation, model: JSON.stringify(model) }
      await tidy(generation)
      return { status: 'applied', generation, reloadMs }
    } catch (error) {
      signal.throwIfAborted()
      settled = undefined
      return failed(step, error, await restore(step, before, signal))
    }
  }

  async function stillRuns({ master, generation }: Settled): Promise<boolean> {
    const isThere = readAgain(master, directory.root) !== undefined
    return isThere && (await askGeneration(directory.controlSocket)) === generation
  }

  async function look(): Promise<Before> {
    const found = findNginx(directory.root)
    const masters = found.filter(one => one.role === 'master')
    const master = masters.length === 1 ? masters[0] : undefined
    const accepting = found.filter(isAccepting)
    return {
      master,
      build: await nginx.build(master),
      answer: accepting.length === 0 ? undefined : await askGeneration(directory.controlSocket),
      isSettled:
        master !== undefined && accepting.every(one => one.parent === master.pid) && hasOneGeneration(directory),
    }
  }

  async function isOnDisk(generation: number, files: ReadonlyMap<string, string>): Promise<boolean> {
    for (const [name, text] of files) {
      if ((await readGeneration(directory, generation, name)) !== text) return false
    }
    return true
  }

  /** Files are worth no failure of what runs: what is not done here is done by the next apply. */
  async function tidy(good: number): Promise<void> {
    try {
      await setLink(directory, 'good', good)
      await pruneGenerations(directory, KEPT, [good])
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error
    }
  }

  /** Puts back what ran before, or else what was last known to run. Undefined: it does; otherwise why it does not. */
  async function restore(
    step: ApplyStep,
    before: Before | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const generation = before?.answer ?? (await readLink(directory, 'good'))
    if (generation === undefined) return 'there is no earlier generation'
    try {
      if ((await readLink(directory, 'current')) !== generation) await setLink(directory, 'current', generation)
      const isUntouched = step !== 'load' && before?.master !== undefined && before.answer !== undefined
      if (!isUntouched) await loadGeneration({ generation, directory, nginx, clock, signal })
      await tidy(generation)
      return undefined
    } catch (error) {
      signal.throwIfAborted()
      return messageOf(error)
    }
  }
}

// The one that runs, the one before it for whoever compares, and one for a failed candidate.
const KEPT = 3

function failed(step: ApplyStep, error: unknown, trouble: string | undefined): ApplyOutcome {
  const message = trouble === undefined ? messageOf(error) : `${messageOf(error)}; nothing to go back to: ${trouble}`
  return { status: 'failed', step, message, restored: trouble === undefined }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
