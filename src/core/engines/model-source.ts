import type { EngineSpec } from '../domain/engine-spec.ts'

/** What the engine loads: a path on its node, or an id that it looks up in its cache of Hugging Face, or there. */
export function modelSource({ model }: EngineSpec): string {
  return model?.file ?? model?.id ?? ''
}

/** The model's files, where they are the node's. */
export function needsModel({ model }: EngineSpec): { path: string; what: string }[] {
  return model?.file === undefined ? [] : [{ path: model.file, what: `model ${model.name}` }]
}
