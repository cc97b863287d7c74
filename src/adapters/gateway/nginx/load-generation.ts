import { rm } from 'node:fs/promises'
import { isSameListen, listensOf, overlaps } from '../../../core/domain/listen-address.ts'
import type { Clock } from '../../system/clock.ts'
import { signal as sendSignal } from '../../system/processes.ts'
import { readGatewayModel } from '../read-gateway-model.ts'
import { listenersOf } from '../render/listeners.ts'
import type { StateDirectory } from '../state-directory.ts'
import { awaitGeneration, hasOneGeneration, sizeOf } from './await-generation.ts'
import { privateGeneration } from './generation-probe.ts'
import type { NginxCommand } from './nginx-command.ts'
import { findNginx, isAccepting, type NginxProcess, readAgain } from './nginx-processes.ts'

export interface LoadOptions {
  /** The generation to which `current` points. */
  readonly generation: number
  readonly directory: StateDirectory
  readonly nginx: NginxCommand
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Makes nginx run the generation of `current`, from any state, and waits until it does (`awaitGeneration`):
 *
 * 1. one master with its ports: reload it, even if its workers do not answer, because they may only be busy
 * 2. masters without ports, or several with ports (a start that a crash of ours interrupted), or one whose sockets prevent the
 *    new ones (`mustLetGo`): kill those, go on
 * 3. no master, but workers of a killed one: they still serve and have the ports; let them finish their requests
 * 4. no process accepts any more: start
 *
 * Streams survive all of it.
 *
 * @throws when nginx does not run it at the end.
 */
export async function loadGeneration(options: LoadOptions): Promise<void> {
  const { generation, directory, clock, signal } = options
  const logStart = await sizeOf(directory.errorLog)
  const before = findNginx(directory.root)
  const masters = before.filter(one => one.role === 'master')
  const expected = {
    generation,
    ask: () => privateGeneration(directory),
    isAlone: () => hasOneGeneration(directory),
    errorLog: directory.errorLog,
    logStart,
    clock,
    signal,
  }

  const holding = await holdingMasters(masters, options)
  const [master] = holding
  if (holding.length === 1 && master !== undefined && !(await mustLetGo(master, options))) {
    for (const one of masters) if (one !== master) kill(one) // 2
    const older = findNginx(directory.root).filter(isAccepting)
    if (readAgain(master) !== undefined) sendSignal(master.pid, 'SIGHUP') // 1
    return awaitGeneration({ ...expected, master, older })
  }
  for (const one of masters) kill(one) // 2
  const orphans = findNginx(directory.root).filter(isAccepting)
  await finishWorkers(orphans, options) // 3
  await rm(directory.controlSocket, { force: true }) // nginx does not replace the socket of a killed master
  await options.nginx.start() // 4
  await awaitGeneration({ ...expected, master: undefined, older: orphans })
}

/**
 * A reload opens the new addresses before it closes the old ones. Linux does not allow a socket for all addresses of a port beside
 * one for a single address of it, so nginx tries for 2.5 s and stays as it is (bind(2), EADDRINUSE; in both directions).
 */
async function mustLetGo(master: NginxProcess, { directory, generation }: LoadOptions): Promise<boolean> {
  const model = await readGatewayModel(directory, generation)
  const held = listenersOf(master.pid)
  const wanted = model === undefined ? [] : listensOf(model)
  return wanted.some(at => !held.some(one => isSameListen(one, at)) && held.some(one => overlaps(one, at)))
}

/** Masters that listen; those that were just started get time for it. */
async function holdingMasters(
  masters: readonly NginxProcess[],
  { clock, signal }: LoadOptions,
): Promise<readonly NginxProcess[]> {
  const deadline = clock.now() + MASTER_MS
  for (;;) {
    const alive = masters.filter(one => readAgain(one) !== undefined)
    const holding = alive.filter(one => listenersOf(one.pid).length > 0)
    if (holding.length > 0 || alive.length === 0 || clock.now() >= deadline) return holding
    signal.throwIfAborted()
    await clock.sleep(POLL_MS, signal)
  }
}

/** Lets workers without a master close their ports and end after their last request; kills those that do not respond. */
export async function finishWorkers(
  workers: readonly NginxProcess[],
  { clock, signal }: Pick<LoadOptions, 'clock' | 'signal'>,
): Promise<void> {
  for (const one of workers) sendSignal(one.pid, 'SIGQUIT')
  const deadline = clock.now() + FINISH_MS
  for (;;) {
    const deaf = workers.flatMap(one => readAgain(one) ?? []).filter(one => !one.isShuttingDown)
    if (deaf.length === 0) return
    signal.throwIfAborted()
    if (clock.now() > deadline) for (const one of deaf) kill(one)
    await clock.sleep(POLL_MS, signal)
  }
}

function kill(one: NginxProcess): void {
  if (readAgain(one) !== undefined) sendSignal(one.pid, 'SIGKILL')
}

// Longer than a start needs to fork its workers, shorter than clients wait for a new nginx.
const MASTER_MS = 3000
// Workers answer a signal between two events.
const FINISH_MS = 2000
const POLL_MS = 5
