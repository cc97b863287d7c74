import { join } from 'node:path'
import { announceUp, UP_PREFIX, upParent } from '../adapters/config-file/running-ups.ts'
import { probePorts } from '../adapters/gateway/nginx/probe-ports.ts'
import { openGateway } from '../adapters/gateway/open-gateway.ts'
import { systemClock } from '../adapters/system/clock.ts'
import { findProgram } from '../adapters/system/find-program.ts'
import { findAbandoned, makeOwnedDirectory, removeDirectory } from '../adapters/system/owned-directory.ts'
import { holdLock } from '../adapters/system/process-lock.ts'
import { staticGateway } from '../core/config/static-gateway.ts'
import type { Context } from '../core/context.ts'
import { DEFAULT_KILL_WAIT_SECONDS, KEPT_SECONDS } from '../core/domain/kill-wait.ts'
import { listensOf } from '../core/domain/listen-address.ts'
import { logLevelOf } from '../core/domain/log-level.ts'
import { UserError } from '../core/domain/user-error.ts'
import { type Interrupts, type SiteRun, serve, type UpOptions } from '../programs/up/serve.ts'
import { chooseSite, type UpSite } from '../programs/up/site.ts'
import { sweepGateway } from '../programs/up/sweep.ts'
import { type Sweeper, startSweeper } from '../programs/up/sweeper.ts'
import { refuseOldNginx } from '../programs/updater/own-gateway.ts'

/** npm passes on a Ctrl-C that the terminal has already sent to this process, so two signals this close count as one. */
const SAME_SIGNAL_MS = 1_000
/** After this time the reason of the wait is printed. */
const SAY_WAIT_MS = 1_500

/** `sluice up`: the whole path on this machine, without Slurm, until a signal. No process of it is left then. */
export async function up(options: UpOptions, context: Context): Promise<void> {
  logLevelOf({ option: options.logLevel, env: context.env }) // a wrong word is refused before anything is begun
  const interrupts = hearInterrupts(context)
  const nginx = await findProgram('nginx', context.env)
  if (nginx === undefined) {
    throw new UserError(
      'Cannot run without nginx: it is not installed; on Debian, as root: apt-get install --no-install-recommends nginx',
    )
  }
  await refuseOldNginx(nginx, context)
  const temporary = upParent(context.env)
  for (const work of await findAbandoned(temporary, UP_PREFIX)) {
    const state = join(work, 'state/up_main')
    await sweepGateway({ work, gateway: state, shared: join(work, 'shared') }, context.env)
    await removeDirectory(work)
    context.print(`Removed ${work}, the rest of a sluice up that was killed`)
  }
  const work = await makeOwnedDirectory(temporary, UP_PREFIX)
  let sweeper: Sweeper | undefined
  let site: UpSite | undefined
  try {
    site = await chooseSite(options, work, context)
    sweeper = startSweeper(context.self, site.places)
    await announceUp(work, { file: site.file, shared: site.places.shared })
    await runSite({ site, nginx, options, context, interrupts })
  } finally {
    await removeDirectory(work)
    await sweeper?.release()
  }
  context.print(`Ended: no process${site.isDefault ? ' and no file' : ''} is left`)
}

function hearInterrupts({ print, signal, onSignal, onHangup }: Context): Interrupts {
  const [stop, killNow] = [new AbortController(), new AbortController()]
  let firstAt: number | undefined
  const hear = () => {
    const now = systemClock.now()
    if (firstAt === undefined) {
      firstAt = now
      print(
        `Ending: running requests get up to ${DEFAULT_KILL_WAIT_SECONDS - KEPT_SECONDS} s; Ctrl-C again ends at once`,
      )
      stop.abort()
    } else if (now - firstAt >= SAME_SIGNAL_MS) killNow.abort()
  }
  for (const name of ['SIGINT', 'SIGTERM'] as const) onSignal(name, hear)
  onHangup(hear)
  if (signal.aborted) hear() // a signal came before the handler was installed
  return { stop, killNow }
}

async function runSite(run: SiteRun): Promise<void> {
  const { site, nginx, context, interrupts } = run
  const { config, places } = site
  let failure: unknown
  const held = new AbortController()
  void systemClock.sleep(SAY_WAIT_MS, held.signal).then(() => {
    if (!held.signal.aborted)
      context.print('Waiting up to 12 s for a `sluice up` that holds the same state, or was killed')
  })
  const lock = await holdLock(places.gateway, '`sluice up` with this configuration', error => {
    failure = new Error('Cannot go on: the lock of the gateway was lost', { cause: error })
    interrupts.stop.abort()
  }).finally(() => held.abort())
  try {
    await sweepGateway(places, context.env)
    await probePorts(listensOf(staticGateway(config))).catch(cause => {
      throw new UserError(`${cause.message} (gateway.listen, gatewayPort)`, { cause })
    })
    const gateway = await openGateway({ directory: places.gateway, nginx, env: context.env, clock: systemClock })
    await serve(run, gateway).catch(error => {
      failure ??= error
    })
  } finally {
    await lock.release().catch(() => undefined) // the loss is reported already
  }
  if (failure !== undefined) throw failure
}
