import type { ReplicaSpec } from '../domain/replica-spec.ts'

/** What the engine loads: a path on its node, or an id that it looks up in its cache of Hugging Face, or there. */
export function modelSource({ model }: ReplicaSpec): string {
  return model?.file ?? model?.id ?? ''
}

/** The model's files, where they are the node's. */
export function needsModel({ model }: ReplicaSpec): { path: string; what: string }[] {
  return model?.file === undefined ? [] : [{ path: model.file, what: `model ${model.name}` }]
}
