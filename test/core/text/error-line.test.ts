import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { writeAtomic } from '../../../src/adapters/system/atomic-file.ts'
import { messageOf, reasonOf } from '../../../src/core/domain/caught.ts'
import { errorLine } from '../../../src/core/text/error-line.ts'

const directory = await mkdtemp(join(tmpdir(), 'sluice-errors-'))
const file = join(directory, 'file')
await writeFile(file, '')

const caught = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => expect.unreachable(),
    error => error,
  )

it('an error of the system names the file, what was tried and what to do', async () => {
  const missing = join(directory, 'no')
  const errors = await Promise.all([readFile(missing), readdir(join(file, 'below')), mkdir(file)].map(caught))
  expect(errors.map(errorLine)).toEqual([
    `Cannot open "${missing}": it does not exist (ENOENT); create it, or correct the path`,
    `Cannot list "${file}/below": a part of the path is not a directory (ENOTDIR); correct the path, or remove the file in its way`,
    `Cannot make the directory "${file}": it exists already (EEXIST); remove it, or name another place`,
  ])
})

it('a reason is given once, with what to do about it', async () => {
  const path = join(directory, 'no/file')
  expect(errorLine(await caught(writeAtomic(path, '')))).toBe(
    `Cannot write "${path}": its directory does not exist (ENOENT); create it, or correct the path`,
  )
})

it('whoever has said what to do is left to say it', async () => {
  const cause = await caught(readdir(join(directory, 'no')))
  expect(errorLine(new Error('Cannot look; mount it', { cause }))).toBe(
    `Cannot look; mount it: "${directory}/no": it does not exist (ENOENT)`,
  )
})

it('any other error keeps its words', () => {
  const refused = Object.assign(new Error('ECONNREFUSED: whatever'), { code: 'ECONNREFUSED', syscall: 'connect' })
  const chosen = Object.assign(new Error('it is a directory, not a regular file'), { code: 'EISDIR' })
  expect([new Error('a', { cause: refused }), chosen, 'text'].map(errorLine)).toEqual([
    'a: ECONNREFUSED: whatever',
    'it is a directory, not a regular file',
    'text',
  ])
})

it('at the end of a sentence the file stands once', async () => {
  const error = await caught(readFile(join(directory, 'no')))
  expect([messageOf(error), reasonOf(error)]).toEqual([
    `"${directory}/no": it does not exist (ENOENT)`,
    'it does not exist (ENOENT)',
  ])
})
