import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { KeyChannel } from '../../../core/engines/engine.ts'
import { writeAtomic } from '../../system/atomic-file.ts'

/** What an engine is started with so that it asks for a key. */
export interface KeyInjection {
  readonly environment: Readonly<Record<string, string>>
  /** Without the key in it. */
  readonly argv: readonly string[]
  /** Those that it reads; where it runs in an image, their directory is mounted. */
  readonly files: readonly string[]
}

/** `channel` as the engine has it; `scratch`: a directory on this node's own disk, where the file that some take is written, 0600. */
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
