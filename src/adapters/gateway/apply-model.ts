import { codeOf, messageOf } from '../../core/domain/caught.ts'
import type { GatewayModel } from '../../core/domain/gateway-model.ts'
import { isSameListen, type ListenAddress, listensOf } from '../../core/domain/listen-address.ts'
import type { ApplyOutcome, ApplyStep, Gateway } from './gateway.ts'
import type { GatewayParts } from './gateway-parts.ts'
import {
  listGenerations,
  pruneGenerations,
  readGeneration,
  readLink,
  removeGeneration,
  writeGeneration,
} from './generation-files.ts'
import type { NginxBuild } from './nginx/nginx-build.ts'
import type { NginxInstance, Sight } from './nginx/nginx-instance.ts'
import type { NginxProcess } from './nginx/nginx-processes.ts'
import { probePorts } from './nginx/probe-ports.ts'
import { growSpare } from './nginx/spare-generation.ts'
import { rehearsalOf } from './rehearsal.ts'
import { renderGateway } from './render/render-gateway.ts'
import { ROUTER_FILE } from './render/router-file.ts'

/** The result of the last apply. While this master answers this generation, nothing has to be looked up again. */
interface Settled {
  readonly master: NginxProcess
  readonly generation: number
  readonly model: string
  /** Its listen addresses, which a reload need not open. */
  readonly listens: readonly ListenAddress[]
}

/**
 * `Gateway.apply`. A crash between two of its steps leaves one of these states. The next call starts from nginx's answer, not from
 * the files:
 *
 * ```
 * written, not current     never read: removed later
 * current, not reloaded    nginx answers the older one: a new generation is written, and the older is the one to restore
 * reloaded, not verified   either answers, two generations accept: as above, and a verified reload ends both
 * verified, not `good`     nginx answers it: unchanged, or with the system's nginx proved by one more reload
 * started, not verified    a master that answers: as reloaded; one that does not: replaced
 * ```
 */
export function createApply(parts: GatewayParts, instance: NginxInstance): Gateway['apply'] {
  const { directory, clock } = parts
  let settled: Settled | undefined
  /** The version of nginx that has accepted a configuration with servers in every tier. */
  let rehearsed: string | undefined
  /** The version of nginx whose njs module it refused: the module may belong to another build. */
  let refusesNjs: string | undefined

  return async (model, signal, keys = {}) => {
    let step: ApplyStep = 'find nginx'
    let before: Sight | undefined
    try {
      if (settled?.model === JSON.stringify(model) && (await instance.stillRuns(settled.master, settled.generation))) {
        await instance.rotateLogs()
        return { status: 'unchanged', generation: settled.generation }
      }
      before = await instance.look()
      await instance.rotateLogs()
      const { master, answer } = before
      let build = refusesNjs === before.build.version ? withoutNjs(before.build) : before.build
      step = 'render'
      const render = (generation: number, of = model) => renderGateway(of, { ...parts, generation, build, keys })
      if (answer !== undefined && before.isSettled && (await isOnDisk(answer, render(answer)))) {
        settled = settledAs(master, answer, model)
        await tidy(answer)
        return { status: 'unchanged', generation: answer }
      }
      const generation = 1 + Math.max(0, answer ?? 0, ...(await listGenerations(directory)))

      const tryOut = async (candidate: GatewayModel, sight: Sight): Promise<void> => {
        step = 'write'
        const files = render(generation, candidate)
        await writeGeneration(directory, generation, files)
        // The disk may still be filling up; the space that is left is for nginx, in case it has to be started.
        await growSpare(directory, 1 / 4)
        signal.throwIfAborted()
        step = 'test'
        try {
          await instance.test(generation, candidate, sight)
        } catch (error) {
          if (!files.has(ROUTER_FILE)) throw error
          build = withoutNjs(build)
          await removeGeneration(directory, generation)
          await writeGeneration(directory, generation, render(generation, candidate))
          await instance.test(generation, candidate, sight)
          refusesNjs = build.version
        }
      }

      // nginx runs a generation of an earlier updater, whose rehearsal counts: draining replicas wait for the first apply.
      const rehearsal = rehearsed === build.version || answer !== undefined ? undefined : rehearsalOf(model)
      if (rehearsal !== undefined) {
        await tryOut(rehearsal, before)
        await removeGeneration(directory, generation)
      }
      rehearsed = build.version

      await tryOut(model, before)
      step = 'probe ports'
      await probeNew(listensOf(model), before)
      signal.throwIfAborted()

      step = 'swap'
      await instance.install(generation)
      await instance.check(generation)
      step = 'load'
      const start = clock.now()
      const running = await instance.load(generation, signal)
      const reloadMs = clock.now() - start
      settled = settledAs(running, generation, model)
      await tidy(generation)
      return { status: 'applied', generation, reloadMs }
    } catch (error) {
      signal.throwIfAborted()
      settled = undefined
      return failed(step, error, await restore(step, before, signal))
    }
  }

  /** A master that still runs the verified generation has its addresses open, so they are not probed again. */
  async function probeNew(wanted: readonly ListenAddress[], before: Sight): Promise<void> {
    const isVerified = settled !== undefined && before.isSettled && isSameSight(settled, before)
    const unknown = newTo(isVerified ? settled?.listens : [], wanted)
    if (unknown.length === 0) return
    const held = await instance.listeners(before)
    await probePorts(newTo(held, unknown), held)
  }

  async function isOnDisk(generation: number, files: ReadonlyMap<string, string>): Promise<boolean> {
    for (const [name, text] of files) {
      if ((await readGeneration(directory, generation, name)) !== text) return false
    }
    return true
  }

  /** A failure here must not fail the apply: the next apply cleans up. */
  async function tidy(good: number): Promise<void> {
    try {
      await instance.keep(good)
      await pruneGenerations(directory, KEPT, [good])
      await growSpare(directory, 1)
    } catch (error) {
      if (codeOf(error) === undefined) throw error
    }
  }

  /** Restores the generation that ran before, or else the last good one. Undefined: it runs; otherwise why it does not. */
  async function restore(step: ApplyStep, before: Sight | undefined, signal: AbortSignal): Promise<string | undefined> {
    const generation = before?.answer ?? (await readLink(directory, 'good'))
    const isUntouched = step !== 'load' && before?.master !== undefined && before.answer !== undefined
    try {
      await instance.install(generation)
      if (generation === undefined) {
        if (step === 'load') await instance.load(undefined, signal)
        return 'there is no earlier generation'
      }
      const isProved = isUntouched ? before.isSettled : await loadAgain(generation, before, signal)
      if (isProved) await tidy(generation)
      return undefined
    } catch (error) {
      signal.throwIfAborted()
      return messageOf(error)
    }
  }

  /**
   * True when it runs, verified. The cause that keeps a generation from being loaded may also affect the last one: false when nginx,
   * as far as can be seen, never left that one.
   */
  async function loadAgain(generation: number, before: Sight | undefined, signal: AbortSignal): Promise<boolean> {
    try {
      await instance.check(generation)
      await instance.load(generation, signal)
      return true
    } catch (error) {
      signal.throwIfAborted()
      if (before?.answer === generation && (await before.isStill())) return false
      throw error
    }
  }
}

// The running one, the one before it for comparison, and one for a failed candidate.
const KEPT = 3

function settledAs(master: NginxProcess | undefined, generation: number, model: GatewayModel): Settled | undefined {
  return master && { master, generation, model: JSON.stringify(model), listens: listensOf(model) }
}

function isSameSight({ master, generation }: Settled, sight: Sight): boolean {
  return sight.answer === generation && sight.master?.pid === master.pid && sight.master.startTime === master.startTime
}

function newTo(
  known: readonly ListenAddress[] | undefined,
  wanted: readonly ListenAddress[],
): readonly ListenAddress[] {
  return wanted.filter(at => !known?.some(one => isSameListen(one, at)))
}

function withoutNjs({ njs: _, ...build }: NginxBuild): NginxBuild {
  return build
}

function failed(step: ApplyStep, error: unknown, trouble: string | undefined): ApplyOutcome {
  const message = messageOf(error)
  const isSaid = trouble === undefined || trouble === message
  const words = isSaid ? message : `${message}; nothing to go back to: ${trouble}`
  return { status: 'failed', step, message: words, restored: trouble === undefined }
}
