import { createHash } from 'node:crypto'
import { cp, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '../domain/user-error.ts'
import { templatesDirectory } from '../system/templates.ts'
import type { Context } from './context.ts'

/**
 * Puts this bundle, its templates and the Node that runs it into `DIR/<version>-<hash>` and points `DIR/current` at it.
 * A version that is there already is never written again: jobs may be running from it.
 */
export async function install(options: { to: string; dryRun?: boolean }, context: Context): Promise<void> {
  const bundle = fileURLToPath(import.meta.url)
  if (!bundle.endsWith('.cjs'))
    throw new UserError('Cannot install from the source tree: run `npm run build`, then dist/sluice.cjs')
  const hash = createHash('sha256')
    .update(await readFile(bundle))
    .update(process.version)
    .digest('hex')
    .slice(0, 12)
  const name = `${VERSION}-${hash}`
  const target = join(options.to, name)
  if (options.dryRun === true) return context.print(`Would install ${target} with Node ${process.version}`)

  await mkdir(options.to, { recursive: true, mode: 0o755 })
  const isThere = await stat(target).then(
    () => true,
    () => false, // whatever is wrong with it shows when it is written
  )
  if (!isThere) {
    const beside = join(options.to, `.${name}.${process.pid}.tmp`)
    await mkdir(beside, { mode: 0o755 })
    try {
      await cp(process.execPath, join(beside, 'node'), { dereference: true })
      await cp(bundle, join(beside, 'sluice.cjs'))
      await cp(templatesDirectory(), join(beside, 'templates'), { recursive: true })
      await writeFile(join(beside, 'sluice'), COMMAND, { mode: 0o755 })
      await rename(beside, target)
    } catch (error) {
      await rm(beside, { recursive: true, force: true })
      throw error
    }
  }
  const link = join(options.to, `.current.${process.pid}.tmp`)
  await symlink(basename(target), link)
  await rename(link, join(dirname(target), 'current'))
  context.print(
    `${isThere ? 'Already there' : 'Installed'}: ${target} (Node ${process.version}); ${join(options.to, 'current')} points at it`,
  )
}

/**
 * `sluice` on a PATH that holds `DIR/current`. The updater runs for weeks and mostly waits: of V8 it wants the memory, not the
 * speed (with 2 000 replicas two fifths less, bench:path); everything else is over in a moment.
 */
const COMMAND = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
[ "$1" = updater ] && flags='--max-semi-space-size=2 --heap-growing-percent=30' || flags=
exec "$here/node" $flags "$here/sluice.cjs" "$@"
`

declare const VERSION: string
