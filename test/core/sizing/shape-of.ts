import { readGgufHeader } from '../../../src/core/sizing/gguf-header.ts'
import { type ModelShape, modelShape } from '../../../src/core/sizing/model-shape.ts'
import { encodeGgufHeader } from '../../support/gguf.ts'
import { describeSizedModel, type SizedModel } from '../../support/sized-model.ts'

const read = new Map<SizedModel, ModelShape>()

/** As it would be read from a file whose weights are all there. */
export function shapeOf(model: SizedModel): ModelShape {
  const known = read.get(model) ?? readShape(model)
  read.set(model, known)
  return known
}

function readShape(model: SizedModel): ModelShape {
  const header = readGgufHeader(encodeGgufHeader(describeSizedModel(model)), Number.MAX_SAFE_INTEGER)
  if (header.kind !== 'header') throw new Error(JSON.stringify(header))
  const shape = modelShape(header.header)
  if ('wrong' in shape) throw new Error(shape.wrong)
  return shape
}
