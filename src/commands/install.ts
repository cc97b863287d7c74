import { createHash } from 'node:crypto'
import { chmod, cp, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { digestDirectory, digestFile, formatDigests } from '../adapters/system/directory-digest.ts'
import { flush, flushTree } from '../adapters/system/flush.ts'
import { makeDirectory } from '../adapters/system/make-directory.ts'
import { templatesDirectory } from '../adapters/system/templates.ts'
import { placeToWrite } from '../adapters/system/working-directory.ts'
import type { Context } from '../core/context.ts'
import { UserError } from '../core/domain/user-error.ts'
import type { PruneOptions } from './prune.ts'

/** The files and whole directories to install, by their installed names. */
export interface Parts {
  readonly files: Readonly<Record<string, string>>
  readonly directories: Readonly<Record<string, string>>
}

export interface InstallOptions extends PruneOptions {
  readonly prune?: boolean
}

/**
 * Copies this bundle, its templates and the Node that runs it into `DIR/<version>-<hash>`, with a hash of all of them, and points
 * `DIR/current` at it.
 */
export async function install(options: InstallOptions, context: Context): Promise<void> {
  const { to } = options
  if (options.prune === true) return (await import('./prune.ts')).prune(options, context)
  if (to === undefined)
    throw new UserError('Cannot install: --to is missing; name a directory on the shared filesystem')
  const bundle = fileURLToPath(import.meta.url)
  if (!bundle.endsWith('.cjs'))
    throw new UserError('Cannot install from the source tree: run `npm run build`, then dist/sluice.cjs')
  const directories = { templates: templatesDirectory(), licenses: join(dirname(bundle), 'licenses') }
  const parts = { files: { node: process.execPath, 'sluice.cjs': bundle }, directories }
  const dryRun = options.dryRun === true
  const { target, wasThere } = await installParts({
    parts,
    to: placeToWrite(to, context.cwd),
    version: VERSION,
    dryRun,
    signal: context.signal,
  })
  if (dryRun) return context.print(`Would install ${target} with Node ${process.version}`)
  context.print(
    `${wasThere ? 'Already there' : 'Installed'}: ${target} (Node ${process.version}); ${join(to, 'current')} points at it`,
  )
}

/**
 * Installs a build that is missing. An existing one is never written again, because jobs may be running from it, but it is compared
 * byte for byte. Only a complete build on the disk becomes `current`.
 *
 * @throws UserError when the existing build was changed or is incomplete.
 */
export async function installParts(options: {
  parts: Parts
  to: string
  version: string
  dryRun: boolean
  /** Removes an incomplete installation again. */
  signal: AbortSignal
}): Promise<{ target: string; wasThere: boolean }> {
  const { parts, to, version, signal } = options
  const digests = await digestParts(parts, signal)
  const manifest = formatDigests(digests)
  const name = `${version}-${createHash('sha256').update(manifest).digest('hex').slice(0, 12)}`
  const target = join(to, name)
  const wasThere = await exists(target)
  if (options.dryRun) return { target, wasThere }

  await makeDirectory(to, 0o755)
  if (wasThere) await verify(target, digests, signal)
  else {
    const beside = join(to, `.${name}.${process.pid}.tmp`)
    await makeDirectory(beside, 0o755)
    try {
      await write(parts, beside, signal)
      await writeFile(join(beside, MANIFEST), manifest)
      await verify(beside, digests, signal)
      await flushTree(beside)
      signal.throwIfAborted()
      await rename(beside, target)
    } catch (error) {
      await rm(beside, { recursive: true, force: true })
      throw error
    }
  }
  const link = join(to, `.current.${process.pid}.tmp`)
  await flush(to)
  await symlink(name, link)
  await rename(link, join(to, 'current'))
  await flush(to)
  return { target, wasThere }
}

/** For `sha256sum --check`. */
const MANIFEST = 'SHA256SUMS'

async function digestParts({ files, directories }: Parts, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const digests = new Map<string, string>()
  for (const [name, path] of Object.entries(files)) digests.set(name, await digestFile(path, signal))
  for (const [name, path] of Object.entries(directories))
    for (const [file, digest] of await digestDirectory(path, signal)) digests.set(join(name, file), digest)
  digests.set('sluice', createHash('sha256').update(COMMAND).digest('hex'))
  return new Map([...digests].sort(([one], [other]) => (one < other ? -1 : 1)))
}

async function write({ files, directories }: Parts, target: string, signal: AbortSignal): Promise<void> {
  for (const [name, path] of [...Object.entries(files), ...Object.entries(directories)]) {
    signal.throwIfAborted()
    await cp(path, join(target, name), {
      dereference: Object.hasOwn(files, name),
      recursive: Object.hasOwn(directories, name),
    })
  }
  await writeFile(join(target, 'sluice'), COMMAND, { mode: 0o755 })
  for (const name of ['sluice', 'node']) await chmod(join(target, name), 0o755)
}

async function verify(target: string, digests: ReadonlyMap<string, string>, signal: AbortSignal): Promise<void> {
  const found = await digestDirectory(target, signal)
  const names = new Set([...digests.keys(), ...found.keys()])
  const wrong = [...names].filter(name => name !== MANIFEST && found.get(name) !== digests.get(name))
  if (wrong.length === 0) return
  throw new UserError(
    `Cannot use "${target}": ${wrong.join(', ')} differ from this build; remove it when no job runs from it, and install again`,
  )
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false, // the write reports the error
  )
}

/**
 * `sluice` for a PATH with `DIR/current`. The updater runs for weeks and mostly waits, so V8 is set to save memory instead of time
 * (with 2 000 replicas two fifths less, bench:path); other commands are over in a moment.
 */
const COMMAND = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
[ "$1" = updater ] && flags='--max-semi-space-size=2 --heap-growing-percent=30' || flags=
exec "$here/node" $flags "$here/sluice.cjs" "$@"
`

declare const VERSION: string
