import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { findProgram } from '../../adapters/system/find-program.ts'
import { untrustedWriter } from '../../adapters/system/untrusted-writer.ts'
import type { Config } from '../../core/config/schema.ts'
import { UserError } from '../../core/domain/user-error.ts'

/** The PATH of root's half; the one of its environment is ignored. */
const ROOTS_PATH = '/usr/sbin:/usr/bin:/sbin:/bin'

/** The files that root's half reads and runs. */
export interface RootsFiles {
  /** sluice.yaml. */
  readonly config: string
  readonly gateway: Pick<Config['gateway'], 'directory' | 'reload'>
  /** The directory of the gateway's state. */
  readonly directory: string
  /** The argv of Sluice. */
  readonly self: readonly string[]
  /** Their directory. */
  readonly templates: string
}

export interface RootsPrograms {
  readonly env: NodeJS.ProcessEnv
  readonly nginx: string
  /** The words of the reload command. */
  readonly reload: readonly string[]
}

/**
 * The programs of root's half, each as found on root's own PATH.
 *
 * @throws UserError when another account may write a file that it reads or runs.
 */
export async function findRootsPrograms(files: RootsFiles, environment: NodeJS.ProcessEnv): Promise<RootsPrograms> {
  const env = { ...environment, PATH: ROOTS_PATH }
  const nginx = (await findProgram('nginx', env)) ?? 'nginx'
  const reload = await resolveReload(files.gateway.reload, env)
  const own = [...files.self, ...(await filesBelow(files.templates))]
  const read = [files.config, files.gateway.directory, files.directory, ...ROOTS_PATH.split(':')]
  await refuseUntrustedWriters([...own, ...read, ...[nginx, ...reload].flatMap(pathOf)], own)
  return { env, nginx, reload }
}

/** A reload command may be an interpreter, so every path among its words counts, also in an option and relative to /. */
function pathOf(word: string): string[] {
  return word.includes('/') ? [resolve('/', word.replace(/^[^/]*=/, ''))] : []
}

/** The command with its program from root's PATH; unchanged where it is missing, which the reload will report. */
async function resolveReload(command: string, env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const [program = '', ...args] = command.split(' ')
  return [program.includes('/') ? program : ((await findProgram(program, env)) ?? program), ...args]
}

async function filesBelow(directory: string): Promise<readonly string[]> {
  const found = await readdir(directory, { recursive: true })
  return [directory, ...found.map(name => join(directory, name))]
}

async function refuseUntrustedWriters(paths: readonly string[], self: readonly string[]): Promise<void> {
  for (const path of paths) {
    const found = await untrustedWriter(path)
    if (found === undefined) continue
    const fix = self.includes(path) ? ', or install Sluice for root: sluice install --to /opt/sluice' : ''
    throw new UserError(
      `Cannot drive the system's nginx: ${found.writer} may write "${found.path}", and an account that may write a file that root reads or runs can become root; ` +
        `make it writable by root only (chown root, chmod go-w)${fix}`,
    )
  }
}
