import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findInhabited } from '../system/owned-directory.ts'
import { readRegularText } from '../system/regular-file.ts'

/** The prefix of the working directory of each `sluice up`. */
export const UP_PREFIX = 'sluice-up-'
/** The file in it that names its site. */
const SITE = 'site.json'
const MAX_SITE_BYTES = 64 * 1024

/** A `sluice up` of this account that runs now. */
export interface RunningUp {
  /** The sluice.yaml that it runs; absolute. */
  readonly file: string
  /** The shared directory of that site. */
  readonly shared: string
}

/** The parent of all working directories of `sluice up`, by which commands of the same account find them. */
export function upParent(env: NodeJS.ProcessEnv): string {
  return env['TMPDIR'] || '/tmp'
}

/** Lets other commands of this account find the site, for as long as `work` is there. */
export async function announceUp(work: string, up: RunningUp): Promise<void> {
  await writeFile(join(work, SITE), JSON.stringify(up), { mode: 0o600 })
}

/** A `sluice up` that is just starting has not announced itself, and is not included. */
export async function runningUps(env: NodeJS.ProcessEnv): Promise<RunningUp[]> {
  const works = await findInhabited(upParent(env), UP_PREFIX)
  const read = works.map(async work => parse(await readRegularText(join(work, SITE), MAX_SITE_BYTES).catch(() => '')))
  return (await Promise.all(read)).filter(up => up !== undefined)
}

function parse(text: string): RunningUp | undefined {
  try {
    const { file, shared } = JSON.parse(text)
    return typeof file === 'string' && typeof shared === 'string' ? { file, shared } : undefined
  } catch {
    return undefined
  }
}
