import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parsePart } from '../../core/domain/split-model.ts'
import { isModelFile } from './read-model.ts'

/** One model of a directory, as llama-server's router has it. */
export interface RouterModel {
  readonly name: string
  /** Of several parts the first. */
  readonly file: string
  /** What turns images or sound into tokens, which is loaded beside it. */
  readonly projector?: string
}

/**
 * Each .gguf file is a model by its name, and each directory with one is a model by the directory's, which is where the parts and
 * the projector of one belong (llama.cpp, tools/server/server-models.cpp). Rejects where the directory cannot be read.
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
  // Neither a directory nor a link to one: the router passes it over too.
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
