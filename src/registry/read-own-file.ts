import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** The text of a file that is ours, or why it is not read (rule 9). */
export type OwnFile = { readonly text: string } | { readonly problem: string } | 'absent'

/**
 * Opens without following a link and without waiting on a pipe, and checks what was opened by fstat: a regular file,
 * owned by our account, of a bounded size. The answer is about one moment: a writer replaces files in whole.
 *
 * @throws when the filesystem itself fails (EIO, ESTALE, ETIMEDOUT): that says nothing about the file (rule 1).
 */
export async function readOwnFile(path: string, maxBytes: number, uid = process.getuid?.()): Promise<OwnFile> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(refusal)
  if (typeof file === 'string') return file === 'absent' ? file : { problem: file }
  try {
    const stat = await file.stat()
    if (!stat.isFile()) return { problem: 'Not a regular file' }
    if (uid !== undefined && stat.uid !== uid) return { problem: `Owned by uid ${stat.uid}, not by ours (${uid})` }
    if (stat.size > maxBytes)
      return { problem: `${stat.size} bytes, more than the ${maxBytes} that such a file may have` }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes + 1), 0, maxBytes + 1, 0)
    if (bytesRead > maxBytes) return { problem: `More than the ${maxBytes} bytes that such a file may have` }
    return { text: buffer.toString('utf8', 0, bytesRead) }
  } finally {
    await file.close()
  }
}

function refusal(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'absent'
  if (error.code === 'ELOOP' || error.code === 'EMLINK') return 'A symbolic link'
  if (error.code === 'EACCES' || error.code === 'EPERM') return 'Unreadable: permission denied'
  if (error.code === 'ENXIO') return 'Not a regular file'
  throw error
}
