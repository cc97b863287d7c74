import { openRegularFile } from './regular-file.ts'

/**
 * The last `lines` lines of a text file, from its last 8 KiB at most; empty when there is no such file.
 *
 * @throws as openRegularFile does.
 */
export async function readTail(path: string, lines: number): Promise<string> {
  const file = await openRegularFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (file === undefined) return ''
  try {
    const { size } = await file.stat()
    const start = Math.max(0, size - TAIL_BYTES)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, start)
    return buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n').slice(-lines).join('\n')
  } finally {
    await file.close()
  }
}

const TAIL_BYTES = 8 * 1024
