import { stat } from 'node:fs/promises'
import { findNjs } from './find-njs.ts'
import { type NginxBuild, parseBuild } from './nginx-build.ts'
import type { NginxCommand } from './nginx-command.ts'
import type { NginxProcess } from './nginx-processes.ts'

/**
 * The build of a master, read once for each program: on an overloaded machine `nginx -V` takes seconds, and a withdrawal waits for
 * it. Without a master it is read each time, because the installed program may be replaced at any time.
 */
export function buildOfMaster(nginx: NginxCommand): (master: NginxProcess | undefined) => Promise<NginxBuild> {
  let known: { readonly program: string; readonly build: NginxBuild } | undefined
  return async master => {
    const program = master && (await programOf(master))
    if (program !== undefined && known?.program === program) return known.build
    const version = await nginx.version(master)
    const njs = await findNjs(version)
    const build = { ...parseBuild(version), ...(njs === undefined ? {} : { njs }) }
    known = program === undefined ? undefined : { program, build }
    return build
  }
}

/** A process keeps its pid and its start when it executes another program; undefined where it ended. */
async function programOf({ pid, startTime }: NginxProcess): Promise<string | undefined> {
  return stat(`/proc/${pid}/exe`).then(
    ({ dev, ino, mtimeMs }) => [pid, startTime, dev, ino, mtimeMs].join(),
    () => undefined,
  )
}
