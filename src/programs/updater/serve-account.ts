import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { type DrivenGateway, serveGateway } from '../../adapters/gateway/gateway-ipc.ts'
import type { Account } from '../../adapters/system/account.ts'
import { boundedLines } from '../../adapters/system/bounded-lines.ts'
import { ownAddresses } from '../../adapters/system/network.ts'
import type { Config } from '../../core/config/schema.ts'
import { refuseOtherModel, refuseStrayed } from '../../core/config/static-gateway.ts'
import type { Context } from '../../core/context.ts'
import { messageOf } from '../../core/domain/caught.ts'
import { IPC_FD, IPC_VARIABLE } from './own-gateway.ts'
import { rereadConfig } from './reload-config.ts'

export interface Service {
  readonly config: Config
  /** Of the child. */
  readonly options: { readonly config: string; readonly once?: boolean; readonly logLevel?: string | undefined }
  readonly account: Account
  readonly gateway: DrivenGateway
  /** Aborted when the gateway is no longer ours. */
  readonly over: AbortController
}

/** Runs the updater as the account, and does for it what only root can, until it ends. */
export async function serveAccount(
  { config, options, account, gateway, over }: Service,
  context: Context,
): Promise<void> {
  const [program = '', ...self] = context.self
  const signal = AbortSignal.any([context.signal, over.signal])
  const { once: isOnce = false, logLevel } = options
  const given = [...(isOnce ? ['--once'] : []), ...(logLevel === undefined ? [] : ['--log-level', logLevel])]
  const own = ['updater', '--config', options.config, ...given]
  const child = spawn(program, [...process.execArgv, ...self, ...own], {
    uid: account.uid,
    gid: account.gid, // and no other group: Node drops root's
    cwd: '/',
    env: { ...environmentOf(account, context.env), [IPC_VARIABLE]: String(IPC_FD) },
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  })
  const channel = boundedLines(child.stdio[IPC_FD] as Duplex)
  let misuse: string | undefined
  channel.once('disconnect', reason => {
    misuse = reason
    // Without misuse the child closed the channel itself and is about to end. One that misuses it might ignore a TERM.
    if (reason !== undefined) child.kill('SIGKILL')
  })
  let current = config
  // A SIGHUP would end a child that has just started. At its first message its handlers are installed.
  let childHears = false
  let isOwed = false
  const passOn = () => {
    if (childHears) child.kill('SIGHUP')
    else isOwed = true
  }
  channel.once('message', () => {
    childHears = true
    if (isOwed) passOn()
  })
  const served = serveGateway(gateway, channel, {
    permit: model => refuseOtherModel(current, model, ownAddresses()),
    permitAddress: address => refuseStrayed(current, address),
    signal,
  })
  const reread = async () => {
    const next = await rereadConfig(current, options, context)
    if (next === undefined) return
    current = next
    passOn()
  }
  const forget = context.onHangup(() => void reread().catch(error => context.warn(messageOf(error))))
  const end = () => child.kill('SIGTERM')
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  const [code, ending] = await once(child, 'exit')
  forget()
  over.abort()
  await served.idle()
  if (misuse !== undefined) throw new Error(`The updater of ${account.name} was ended: on its channel ${misuse}`)
  if (code !== 0) throw new Error(`The updater of ${account.name} ended: ${ending ?? `exit code ${code}`}`)
}

/** Variables that Slurm, its own programs and systemd need. The account gets no others from root. */
function environmentOf({ name, home }: Account, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const passed = Object.entries(env).filter(([key]) =>
    /^(?:PATH|LANG|LC_\w+|TZ|SLURM_\w+|SLUICE_LOG_LEVEL|NOTIFY_SOCKET|WATCHDOG_USEC)$/.test(key),
  )
  return { ...Object.fromEntries(passed), HOME: home, USER: name, LOGNAME: name }
}
