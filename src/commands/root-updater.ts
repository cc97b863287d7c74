import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Config } from '../config/schema.ts'
import { messageOf } from '../domain/caught.ts'
import { UserError } from '../domain/user-error.ts'
import { boundedLines } from '../gateway/bounded-lines.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { serveGateway } from '../gateway/gateway-channel.ts'
import { openGateway } from '../gateway/open-gateway.ts'
import { type Account, accountOf } from '../system/account.ts'
import { systemClock } from '../system/clock.ts'
import { findProgram } from '../system/find-program.ts'
import { foreignWriter } from '../system/foreign-writer.ts'
import { createLane } from '../system/lane.ts'
import { ownAddresses } from '../system/network.ts'
import { templatesDirectory } from '../system/templates.ts'
import type { Context } from './context.ts'
import { refuseOtherModel, refuseStrayed } from './gateway-frame.ts'
import { rereadConfig } from './reread-config.ts'
import { CHANNEL_FD, CHANNEL_VARIABLE, gatewayDirectory, lockGateway, nginxProgram } from './updater-gateway.ts'

/** A share that does not answer: the start is given up, and whoever started us tries again. */
const SHARED_DEADLINE_MS = 10_000

/** Where root's half looks for programs, whatever PATH it was started with. */
const ROOTS_PATH = '/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * `sluice updater` as root, for the system's nginx. One site is one account (rule 9), and that account is the owner of the
 * shared directory, not root: so the updater itself, which reads what jobs write and asks Slurm, runs as a child of that
 * account. Root keeps what needs root and no more: the one file, the reload and nginx's word of what it runs. It reads
 * nothing of the share, and of what the child sends it takes a model of sluice.yaml's own ports, paths, tiers and networks.
 *
 * Both end together: the child when the pipe between them breaks, root when the child has ended.
 *
 * @throws UserError when others than root may write what root reads or runs.
 */
export async function rootUpdater(file: string, config: Config, context: Context): Promise<void> {
  const env = { ...context.env, PATH: ROOTS_PATH }
  const options = { config: resolve(context.cwd, file) }
  const { gateway } = config
  const directory = gatewayDirectory(config, context)
  const nginxPath = await nginxProgram({ ...context, env })
  const reload = await resolveReload(gateway.reload, env)
  const own = [...context.self, ...(await filesBelow(templatesDirectory()))]
  const read = [options.config, gateway.directory, directory, ...ROOTS_PATH.split(':')]
  // A reload command may be an interpreter: each path among its words is what it runs.
  const run = [nginxPath, ...reload].filter(word => word.startsWith('/'))
  await refuseForeignWriters([...own, ...read, ...run], own)
  const account = await ownerOf(config.shared, context)

  const over = new AbortController()
  let lost: Error | undefined
  const lock = await lockGateway(config, context, error => {
    lost = error
    over.abort(error)
  })
  try {
    const nginx = await openGateway({
      directory,
      nginx: nginxPath,
      env,
      clock: systemClock,
      system: { name: gateway.name, directory: gateway.directory, reload },
    })
    await serveAccount({ config, options, account, nginx, over }, context)
  } finally {
    if (lost === undefined) await lock.release()
  }
  if (lost !== undefined) throw lost
}

interface Service {
  readonly config: Config
  readonly options: { readonly config: string }
  readonly account: Account
  readonly nginx: Gateway
  /** Aborted from outside when the gateway is no longer ours. */
  readonly over: AbortController
}

/** Runs the updater as the account, and does for it what root alone can, until it ends. */
async function serveAccount({ config, options, account, nginx, over }: Service, context: Context): Promise<void> {
  const [program = '', ...self] = context.self
  const signal = AbortSignal.any([context.signal, over.signal])
  const child = spawn(program, [...process.execArgv, ...self, 'updater', '--config', options.config], {
    uid: account.uid,
    gid: account.gid, // and no other group: Node drops root's
    cwd: '/',
    env: { ...environmentOf(account, context.env), [CHANNEL_VARIABLE]: String(CHANNEL_FD) },
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  })
  const channel = boundedLines(child.stdio[CHANNEL_FD] as Duplex)
  let misuse: string | undefined
  channel.once('disconnect', reason => {
    misuse = reason
    // Without one it closed the channel itself: it is about to end. One that misuses it might not heed a TERM.
    if (reason !== undefined) child.kill('SIGKILL')
  })
  let current = config
  // A SIGHUP would end a child that has only begun; when it first speaks it has long heard signals.
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
  const served = serveGateway(nginx, channel, {
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

/** With the program as root's PATH has it; left as it is where there is none, which the reload will say. */
async function resolveReload(command: string, env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const [program = '', ...args] = command.split(' ')
  return [program.includes('/') ? program : ((await findProgram(program, env)) ?? program), ...args]
}

async function filesBelow(directory: string): Promise<readonly string[]> {
  const found = await readdir(directory, { recursive: true })
  return [directory, ...found.map(name => join(directory, name))]
}

async function refuseForeignWriters(paths: readonly string[], self: readonly string[]): Promise<void> {
  for (const path of paths) {
    const found = await foreignWriter(path)
    if (found === undefined) continue
    const fix = self.includes(path) ? ', or install Sluice for root: sluice install --to /opt/sluice' : ''
    throw new UserError(
      `Cannot drive the system's nginx: ${found.writer} may write "${found.path}", and who may write what root reads or runs is root; ` +
        `give it to root alone (chown root, chmod go-w)${fix}`,
    )
  }
}

async function ownerOf(shared: string, { env }: Context): Promise<Account> {
  const lane = createLane(systemClock, SHARED_DEADLINE_MS)
  const { uid } = await lane.run('look at the shared directory', () => stat(shared))
  if (uid === 0) {
    throw new UserError(
      `Cannot run the updater: "${shared}" belongs to root; give it to the account that owns the jobs, which the updater becomes`,
    )
  }
  const account = await accountOf(uid, env)
  if (account !== undefined) return account
  throw new UserError(`Cannot run the updater: "${shared}" belongs to uid ${uid}, which is no account of this machine`)
}

/** What Slurm, its own programs and systemd need; nothing else of root's is the account's to see. */
function environmentOf({ name, home }: Account, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const passed = Object.entries(env).filter(([key]) =>
    /^(?:PATH|LANG|LC_\w+|TZ|SLURM_\w+|NOTIFY_SOCKET|WATCHDOG_USEC)$/.test(key),
  )
  return { ...Object.fromEntries(passed), HOME: home, USER: name, LOGNAME: name }
}
