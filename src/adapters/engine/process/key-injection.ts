import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { KeyChannel } from '../../../core/engines/engine.ts'
import { writeAtomic } from '../../system/atomic-file.ts'

/** The environment, arguments and files with which an engine requires a key. */
export interface KeyInjection {
  readonly environment: Readonly<Record<string, string>>
  /** Without the key in it. */
  readonly argv: readonly string[]
  /** Files that it reads; for an engine in an image their directory is mounted. */
  readonly files: readonly string[]
}

/** `channel`: how the engine gets the key; `scratch`: a directory on this node's own disk for a key file, 0600. */
export async function injectKey(
  channel: KeyChannel | undefined,
  key: string | undefined,
  scratch: string,
): Promise<KeyInjection> {
  if (channel === undefined || key === undefined) return { environment: {}, argv: [], files: [] }
  if ('variable' in channel) return { environment: { [channel.variable]: key }, argv: [], files: [] }
  const path = join(scratch, 'key', channel.fileName)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeAtomic(path, channel.text(key), { mode: 0o600 })
  return { environment: {}, argv: channel.argv(path), files: [path] }
}
