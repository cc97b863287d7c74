import type { ReplicaSpec } from '../domain/replica-spec.ts'

/** The model that the engine loads: a path on its node, or an id for its Hugging Face cache or for a download. */
export function modelSource({ model }: ReplicaSpec): string {
  return model?.file ?? model?.id ?? ''
}

/** The model's files, if they are on the node. */
export function needsModel({ model }: ReplicaSpec): { path: string; what: string }[] {
  return model?.file === undefined ? [] : [{ path: model.file, what: `model ${model.name}` }]
}
