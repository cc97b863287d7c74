import { basename, dirname, join } from 'node:path'
import { codeOf, messageOf } from '../../core/domain/caught.ts'
import { parsePart, partNames } from '../../core/domain/split-model.ts'
import { UserError } from '../../core/domain/user-error.ts'
import { openRegularFile } from '../system/regular-file.ts'
import { readHeader } from './read-model.ts'

/**
 * Refuses a file that llama-server could not load, before it is started, because its own error is one line among fifty.
 *
 * @throws UserError in one line with the fix.
 */
export async function checkModel(file: string): Promise<void> {
  const names = partNames(basename(file))
  if ((parsePart(basename(file))?.number ?? 1) !== 1) {
    throw refusal(file, `it is a later part of a model; name the first, "${names[0]}"`)
  }
  let tensors = 0
  for (const name of names) {
    const part = join(dirname(file), name)
    const handle = await openRegularFile(part).catch(error => {
      throw refusal(part, reason(error, names.length), error)
    })
    await handle.close()
    const header = await readHeader(part, names.length).catch(error => {
      throw refusal(part, `${foundIn(messageOf(error))}; ${CURE}`, error)
    })
    tensors += header.tensors.length
  }
  if (tensors === 0) throw refusal(file, `it holds no weights; ${CURE}`)
}

const CURE = 'fetch the whole .gguf file again, or name another'

function refusal(file: string, why: string, cause?: unknown): UserError {
  return new UserError(`Cannot serve "${file}": ${why}`, { cause })
}

/** Without the repeated "Cannot read <file>: ". */
function foundIn(message: string): string {
  return message.slice(message.indexOf(': ') + 2)
}

function reason(error: unknown, parts: number): string {
  switch (codeOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return parts > 1 ? `there is no such file, and the model has ${parts} parts` : 'there is no such file'
    case 'EACCES':
      return 'this account may not read it (permission denied); make it and the directories above it readable'
    case 'EISDIR':
      return 'it is a directory; name the .gguf file in it'
    default:
      return `${messageOf(error)}; name a .gguf file`
  }
}
