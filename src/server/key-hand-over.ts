import { join } from 'node:path'
import type { KeyChannel } from '../engines/engine.ts'
import { writeAtomic } from '../system/atomic-file.ts'

/** What an engine is started with so that it asks for a key. */
export interface Keyed {
  readonly environment: Readonly<Record<string, string>>
  /** Without the key in it. */
  readonly argv: readonly string[]
}

/** `channel` as the engine has it; `scratch`: a directory on this node's own disk, where the file that some take is written, 0600. */
export async function handOver(
  channel: KeyChannel | undefined,
  key: string | undefined,
  scratch: string,
): Promise<Keyed> {
  if (channel === undefined || key === undefined) return { environment: {}, argv: [] }
  if ('variable' in channel) return { environment: { [channel.variable]: key }, argv: [] }
  const path = join(scratch, channel.fileName)
  await writeAtomic(path, channel.text(key), { mode: 0o600 })
  return { environment: {}, argv: channel.argv(path) }
}
