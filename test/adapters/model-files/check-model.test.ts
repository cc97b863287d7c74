import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { checkModel } from '../../../src/adapters/model-files/check-model.ts'
import { encodeGgufHeader } from '../../support/gguf.ts'

const directory = await mkdtemp(join(tmpdir(), 'check-model-'))
const header = encodeGgufHeader({
  header: { 'general.architecture': { type: 'string', value: 'llama' } },
  tensors: [{ name: 'output.weight', shape: [32, 4] }],
})
const whole = Buffer.concat([header, Buffer.alloc(1024)])
const LFS = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n'

it('takes a model, whole or in parts', async () => {
  await writeFile(join(directory, 'm.gguf'), whole)
  await checkModel(join(directory, 'm.gguf'))
  for (const part of [1, 2]) await writeFile(join(directory, `p-0000${part}-of-00002.gguf`), whole)
  await checkModel(join(directory, 'p-00001-of-00002.gguf'))
})

it.each<[string, Buffer | string | 'directory' | 'pipe' | undefined, RegExp]>([
  ['text.gguf', 'hello, this is a text', /it is not a GGUF file; fetch the whole \.gguf file again, or name another$/],
  ['empty.gguf', '', /the file ends within its header; fetch/],
  ['cut.gguf', whole.subarray(0, header.length + 40), /it was not copied completely; fetch/],
  ['pointer.gguf', LFS, /it is a Git LFS pointer and not the model: run git lfs pull there/],
  ['vocabulary.gguf', encodeGgufHeader({ header: {}, tensors: [] }), /it holds no weights/],
  ['models', 'directory', /it is a directory; name the \.gguf file in it$/],
  ['fifo', 'pipe', /it is a pipe, not a regular file; name a \.gguf file$/],
  ['none.gguf', undefined, /there is no such file$/],
  ['p-00002-of-00002.gguf', whole, /it is a later part of a model; name the first, "p-00001-of-00002\.gguf"$/],
  ['q-00001-of-00003.gguf', whole, /q-00002-of-00003\.gguf": there is no such file, and the model has 3 parts$/],
])('refuses %s in one line', async (name, content, words) => {
  const file = join(directory, name)
  if (content === 'directory') await mkdir(file)
  else if (content === 'pipe') execFileSync('mkfifo', [file])
  else if (content !== undefined) await writeFile(file, content)
  const error = await checkModel(file).catch(refused => refused)
  expect(error.message).toMatch(words)
  expect(error.message).toMatch(/^Cannot serve "[^\n]+$/)
})
