import type { GatewayModel } from '../../core/domain/gateway-model.ts'
import { readGeneration } from './generation-files.ts'
import { checkGatewayModel } from './render/model-schema.ts'
import { MODEL_FILE } from './render/render-gateway.ts'
import type { StateDirectory } from './state-directory.ts'

/**
 * The model of a generation on disk; undefined when its files are gone.
 *
 * @throws when this version could not render it.
 */
export async function readGatewayModel(
  directory: StateDirectory,
  generation: number,
): Promise<GatewayModel | undefined> {
  const text = await readGeneration(directory, generation, MODEL_FILE)
  return text === undefined ? undefined : checkGatewayModel(JSON.parse(text))
}
