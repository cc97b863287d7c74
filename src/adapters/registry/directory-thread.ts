import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { codeOf, messageOf } from '../../core/domain/caught.ts'
import { given } from '../../core/domain/given.ts'
import { createDirectoryReader, type DirectoryChange } from './directory-reader.ts'

/** A directory of small files that a thread reads; `maxBytes` bounds each file. */
export interface ReadDirectory {
  readonly path: string
  readonly maxBytes: number
}

/**
 * The changes in the directories that the thread read, by name. `whole`: `changed` has everything, and earlier results are to be
 * forgotten.
 */
export type DirectoryChanges = Readonly<Record<string, DirectoryChange & { readonly whole: boolean }>>

/**
 * A thread whose filesystem calls may hang without blocking the process, one call at a time
 * ("whole files, one call in flight", docs/design/rules.md). Blocking calls in a thread also cost a tenth of the same calls through
 * promises.
 */
export interface DirectoryThread {
  /**
   * Reads the named directories.
   *
   * @throws when one of them, or the filesystem under a file, cannot be read.
   */
  read(names: readonly string[]): Promise<DirectoryChanges>
  close(): Promise<void>
}

/**
 * One `read` at a time: the caller keeps the order (a serial queue does). The thread alone does not keep the process alive. If the
 * thread dies, the current read fails, and the next one starts a new thread with empty state.
 */
export function startDirectoryThread(
  directories: Readonly<Record<string, ReadDirectory>>,
  start: (data: ThreadData) => Worker = startWorker,
): DirectoryThread {
  let thread: ReturnType<typeof begin> | undefined = begin()
  let isClosed = false

  function begin() {
    const worker = start({ directories })
    worker.unref()
    const died = Promise.withResolvers<never>()
    died.promise.catch(() => undefined) // the read that waits fails with it
    const end = (why: string, cause?: unknown) => {
      if (thread?.worker === worker) thread = undefined
      died.reject(new Error(`The thread that reads "${Object.keys(directories).join(', ')}" ended: ${why}`, { cause }))
    }
    worker.once('error', error => end(messageOf(error), error))
    worker.once('exit', code => end(`code ${code}`))
    return { worker, died: died.promise }
  }

  return {
    read(names) {
      if (isClosed) return Promise.reject(new Error('Cannot read a directory: its thread was closed'))
      thread ??= begin()
      const { worker, died } = thread
      const answered = new Promise<DirectoryChanges>((resolve, reject) => {
        worker.once('message', (answer: Answer) =>
          'changes' in answer
            ? resolve(answer.changes)
            : reject(Object.assign(new Error(answer.error), given({ code: answer.code }))),
        )
        worker.postMessage(names)
      })
      return Promise.race([answered, died])
    },
    async close() {
      isClosed = true
      await thread?.worker.terminate()
    },
  }
}

function startWorker(data: ThreadData): Worker {
  // In the bundle this module's file is the bundle itself, whose entry hands over to runDirectoryThread (cli.ts).
  return new Worker(fileURLToPath(import.meta.url), {
    workerData: data,
    // Its results are garbage once they are sent, and V8 would keep tens of megabytes of that.
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  })
}

interface ThreadData {
  readonly directories: Readonly<Record<string, ReadDirectory>>
}
type Answer = { readonly changes: DirectoryChanges } | { readonly error: string; readonly code?: string | undefined }

/** The thread's own side; does nothing anywhere else. */
export function runDirectoryThread(): void {
  const data: ThreadData | undefined = isMainThread ? undefined : workerData
  if (parentPort === null || data?.directories === undefined) return
  const port = parentPort
  const readers = new Map<string, ReturnType<typeof createDirectoryReader>>()
  const read = (name: string) => {
    const directory = data.directories[name]
    if (directory === undefined) throw new Error(`Cannot read directory "${name}": this thread has none of that name`)
    const known = readers.get(name)
    // A read that fails may have recorded half of the changes, so the next one starts with empty state.
    readers.delete(name)
    const reader = known ?? createDirectoryReader(directory.path, directory.maxBytes, () => performance.now())
    const change = { ...reader.read(), whole: known === undefined }
    return { change, keep: () => readers.set(name, reader) }
  }
  port.on('message', (names: readonly string[]) => {
    try {
      const found = names.map(name => ({ name, ...read(name) }))
      port.postMessage({
        changes: Object.fromEntries(found.map(({ name, change }) => [name, change])),
      } satisfies Answer)
      for (const { keep } of found) keep()
    } catch (error) {
      port.postMessage({ error: messageOf(error), code: codeOf(error) } satisfies Answer)
    }
  })
}

runDirectoryThread()
