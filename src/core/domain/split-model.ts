/** One file of a model that llama.cpp split, by its name (reference: llama_split_path()). */
export interface ModelPart {
  readonly name: string
  /** 1 and up. */
  readonly number: number
  readonly count: number
}

/** `NAME-00001-of-00003.gguf`; undefined for a file that is whole. */
export function parsePart(fileName: string): ModelPart | undefined {
  const [, name, number, count] = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/.exec(fileName) ?? []
  return name === undefined ? undefined : { name, number: Number(number), count: Number(count) }
}

export function partName({ name, number, count }: ModelPart): string {
  return `${name}-${five(number)}-of-${five(count)}.gguf`
}

/** The names of all parts in their order, from the name of any part; for a whole file its name alone. */
export function partNames(fileName: string): readonly string[] {
  const part = parsePart(fileName)
  if (part === undefined) return [fileName]
  return Array.from({ length: part.count }, (_, index) => partName({ ...part, number: index + 1 }))
}

function five(number: number): string {
  return String(number).padStart(5, '0')
}
