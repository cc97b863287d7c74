import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parsePart } from '../../core/domain/split-model.ts'
import { isModelFile } from './read-model.ts'

/** One model of a directory, as llama-server's router lists it. */
export interface RouterModel {
  readonly name: string
  /** The file, or the first of several parts. */
  readonly file: string
  /** The projector, which turns images or sound into tokens and is loaded too. */
  readonly projector?: string
}

/**
 * Each .gguf file is a model with the file's name. Each subdirectory with .gguf files is a model with the directory's name; it holds
 * the parts or the projector of one model (llama.cpp, tools/server/server-models.cpp). Rejects when the directory cannot be read.
 */
export async function routerModels(directory: string): Promise<readonly RouterModel[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  const models: RouterModel[] = []
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name)
    if (isModelFile(entry.name)) models.push({ name: nameOf(entry.name), file: path })
    else if (!entry.isFile()) models.push(...(await inDirectory(entry.name, path)))
  }
  return models
}

async function inDirectory(name: string, path: string): Promise<readonly RouterModel[]> {
  // Neither a directory nor a link to one: the router ignores it too.
  const files = await readdir(path).catch(() => [])
  const all = files.filter(file => file.endsWith('.gguf')).sort()
  const models = all.filter(file => !file.includes('mmproj'))
  const model = models.find(file => parsePart(file)?.number === 1) ?? models.at(-1)
  const projector = all.findLast(file => file.includes('mmproj'))
  if (model === undefined) return []
  return [{ name, file: join(path, model), ...(projector === undefined ? {} : { projector: join(path, projector) }) }]
}

function nameOf(file: string): string {
  return parsePart(file)?.name ?? file.replace(/\.gguf$/, '')
}
