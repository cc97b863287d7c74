import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { openGateway } from '../../adapters/gateway/open-gateway.ts'
import { type Account, accountOf } from '../../adapters/system/account.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { createSerialQueue } from '../../adapters/system/serial-queue.ts'
import { templatesDirectory } from '../../adapters/system/templates.ts'
import type { Config } from '../../core/config/schema.ts'
import type { Context } from '../../core/context.ts'
import { COMMAND_DEADLINE_MS } from '../../core/domain/shared-deadline.ts'
import { UserError } from '../../core/domain/user-error.ts'
import { gatewayDirectory, lockGateway, refuseOldNginx } from './own-gateway.ts'
import { findRootsPrograms } from './roots-programs.ts'
import { serveAccount } from './serve-account.ts'

/**
 * `sluice updater` as root, for the system's nginx. One site is one account ("nothing unvalidated reaches nginx",
 * docs/design/rules.md), and that account is the owner of the shared directory, not root. So the updater itself, which reads files
 * that jobs write and polls Slurm, runs as a child of that account. Root does only what needs root: it writes the one file,
 * reloads, and asks nginx for its generation. It reads no file of the share. From the child it accepts a model with sluice.yaml's
 * own ports, paths, tiers and networks.
 *
 * Both end together: the child when the pipe between them breaks, root's half when the child has ended.
 *
 * @throws UserError when another account may write a file that root reads or runs.
 */
export async function rootUpdater(
  { file, config, ...own }: { file: string; config: Config; once: boolean; logLevel?: string | undefined },
  context: Context,
): Promise<void> {
  const options = { config: resolve(context.cwd, file), ...own }
  const directory = gatewayDirectory(config, context)
  const templates = templatesDirectory()
  const { env, nginx, reload } = await findRootsPrograms(
    { config: options.config, gateway: config.gateway, directory, self: context.self, templates },
    context.env,
  )
  await refuseOldNginx(nginx, { env })
  const account = await ownerOf(config.shared, context)

  const over = new AbortController()
  let lost: Error | undefined
  const lock = await lockGateway(config, context, error => {
    lost = error
    over.abort(error)
  })
  try {
    const { name, directory: included } = config.gateway
    const system = { name, directory: included, reload }
    const gateway = await openGateway({ directory, nginx, env, clock: systemClock, system })
    await serveAccount({ config, options, account, gateway, over }, context)
  } finally {
    if (lost === undefined) await lock.release()
  }
  if (lost !== undefined) throw lost
}

async function ownerOf(shared: string, { env }: Context): Promise<Account> {
  const serialQueue = createSerialQueue(systemClock, COMMAND_DEADLINE_MS)
  const { uid } = await serialQueue.run('look at the shared directory', () => stat(shared))
  if (uid === 0) {
    throw new UserError(
      `Cannot run the updater: "${shared}" belongs to root; give it to the account that owns the jobs, which the updater becomes`,
    )
  }
  const account = await accountOf(uid, env)
  if (account !== undefined) return account
  throw new UserError(`Cannot run the updater: "${shared}" belongs to uid ${uid}, and this machine has no such account`)
}
