import { readdir, rm, stat, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import lockfile from 'proper-lockfile'
import { codeOf, isDiskFull } from '../../../core/domain/caught.ts'
import type { StageSpec } from '../../../core/domain/replica-spec.ts'
import { sizeText } from '../../../core/domain/size-text.ts'
import { partNames } from '../../../core/domain/split-model.ts'
import { copyMessage, stagedPath } from '../../../core/domain/staging.ts'
import type { Clock } from '../../system/clock.ts'
import { makeDirectory } from '../../system/make-directory.ts'
import {
  copiedBytes,
  copyFile,
  discard,
  type FileCopy,
  isCopied,
  type SourceVersion,
  sourceVersion,
} from './copy-file.ts'

/** A model that is being copied to the node's own disk. */
export interface Staging {
  /** The path of the copied model; rejects with the reason of a failure, or with the signal's. */
  readonly staged: Promise<string>
  /** The progress for people; changes every few seconds. */
  message(): string
}

export interface StagingOptions {
  readonly stage: StageSpec
  /** A file, the first part of a split one, or a directory, below `stage.from`. */
  readonly model: string
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** In `stage.to`: locks, parts, and lists of what was copied. */
const WORK = '.sluice-staging'
/** Each new message is a write to the shared directory. */
const TELL_MS = 5_000
const LOOK_MS = 500
const END_MS = 500
/** Free space that is kept, because completely full filesystems fail in unexpected ways. */
const KEPT_BYTES = 64 * 2 ** 20
/** A lock whose holder was killed is taken over after this long. */
const STALE_MS = 10_000

/**
 * Copies a model to the node's own disk, once for all replicas and endpoints of the node: the process with the lock copies, the
 * others wait and find the copy. The next process continues a copy that was killed; a failed copy frees its space.
 */
export function stageModel({ stage, model, clock, signal }: StagingOptions): Staging {
  const { path, relative } = stagedPath(stage, model)
  const name = basename(model)
  let message = `Copying ${name} to this node`
  return { staged: Promise.race([bring().catch(refuse), hung()]), message: () => message }

  function refuse(error: unknown): never {
    if (signal.aborted || !(error instanceof Error) || error.message.startsWith('Cannot ')) throw error
    throw new Error(`Cannot copy ${name} to "${stage.to}": ${error.message}`, { cause: error })
  }

  /** Ends with the signal, without waiting for a filesystem that does not answer. */
  async function hung(): Promise<never> {
    await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
    await clock.sleep(END_MS)
    throw signal.reason
  }

  async function bring(): Promise<string> {
    const work = join(stage.to, WORK)
    await makeDirectory(work, 0o750)
    const files = await filesOf(stage, model, work)
    const ended = new AbortController()
    void reportProgress(files, ended.signal).catch(() => undefined) // the copy itself reports its error
    try {
      const { release, lost } = await holdLock(join(work, `${relative.replaceAll('/', '%')}.lock`))
      try {
        await copyAll(files, AbortSignal.any([signal, lost]))
        await removeStrangers(path, files)
      } finally {
        await release()
      }
    } finally {
      ended.abort()
    }
    return path
  }

  async function copyAll(files: readonly Wanted[], stopped: AbortSignal): Promise<void> {
    const missing: Wanted[] = []
    for (const file of files) if (!(await isCopied(file.copy, file.source))) missing.push(file)
    await checkSpace(missing)
    for (const { copy, source } of missing) {
      try {
        await copyFile(copy, source, stopped)
      } catch (error) {
        if (stopped.aborted) throw error // the next process continues it
        for (const one of missing) await discard(one.copy)
        throw isDiskFull(error) ? new Error(fullMessage(missing, await freeBytes(stage.to)), { cause: error }) : error
      }
    }
  }

  async function checkSpace(missing: readonly Wanted[]): Promise<void> {
    let needed = 0
    for (const { copy, source } of missing) {
      // Older versions are removed before the copy.
      const replaced = await stat(copy.to).then(
        found => found.size,
        () => 0,
      )
      needed += source.size - (await copiedBytes(copy, source)) - replaced
    }
    const free = await freeBytes(stage.to)
    if (missing.length === 0 || needed + KEPT_BYTES <= free) return
    for (const { copy } of missing) await discard(copy)
    throw new Error(fullMessage(missing, await freeBytes(stage.to)))
  }

  function fullMessage(missing: readonly Wanted[], free: number): string {
    const size = missing.reduce((sum, { source }) => sum + source.size, 0)
    return `Cannot copy ${name} to "${stage.to}": it takes ${sizeText(size)}, and ${sizeText(free)} are free; make room there, or name another disk (stage.to)`
  }

  async function reportProgress(files: readonly Wanted[], ended: AbortSignal): Promise<void> {
    const total = files.reduce((sum, { source }) => sum + source.size, 0)
    const begun = clock.now()
    let first: number | undefined
    while (!ended.aborted) {
      let copied = 0
      for (const { copy, source } of files) copied += await copiedBytes(copy, source)
      first ??= copied
      if (ended.aborted) return
      message = copyMessage(name, { copied, total, first, elapsedMs: clock.now() - begun })
      await clock.sleep(TELL_MS, ended)
    }
  }

  async function holdLock(path: string): Promise<{ release(): Promise<void>; lost: AbortSignal }> {
    const lost = new AbortController()
    const onCompromised = () => lost.abort(new Error(`Cannot go on copying ${name}: the lock "${path}" was lost`))
    for (;;) {
      signal.throwIfAborted()
      try {
        const release = await lockfile.lock(path, {
          realpath: false,
          stale: STALE_MS,
          lockfilePath: path,
          onCompromised,
        })
        // A lost lock need not be released.
        return { release: () => release().catch(() => undefined), lost: lost.signal }
      } catch (error) {
        if (codeOf(error) !== 'ELOCKED') throw error
        await clock.sleep(LOOK_MS, signal)
      }
    }
  }
}

interface Wanted {
  readonly copy: FileCopy
  readonly source: SourceVersion
}

/** A directory with all that is below it, all parts of a split model, or one file. Links are followed. */
async function filesOf(stage: StageSpec, model: string, work: string): Promise<Wanted[]> {
  const found = await stat(model)
  const paths = found.isDirectory() ? await filesBelow(model) : await partsOf(model)
  return Promise.all(
    paths.map(async from => {
      const { path: to, relative } = stagedPath(stage, from)
      return { copy: { from, to, work: join(work, relative) }, source: await sourceVersion(from) }
    }),
  )
}

/** Removes files of an older version, because an engine loads all weights of a directory. */
async function removeStrangers(path: string, files: readonly Wanted[]): Promise<void> {
  if (!(await stat(path)).isDirectory()) return
  const known = new Set(files.map(({ copy }) => copy.to))
  for (const found of await filesBelow(path)) if (!known.has(found)) await rm(found)
}

async function filesBelow(directory: string): Promise<string[]> {
  const below: string[] = []
  for (const name of (await readdir(directory)).sort()) {
    const path = join(directory, name)
    if ((await stat(path)).isDirectory()) below.push(...(await filesBelow(path)))
    else below.push(path)
  }
  return below
}

/** The existing files; the engine reports missing ones. */
async function partsOf(file: string): Promise<string[]> {
  const there = new Set(await readdir(dirname(file)))
  return partNames(basename(file))
    .filter(name => there.has(name))
    .map(name => join(dirname(file), name))
}

async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}
