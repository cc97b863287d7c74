import { z } from 'zod'
import { REGISTRY_VERSION } from './endpoint.ts'

const drainRequestSchema = z.looseObject({
  version: z.literal(REGISTRY_VERSION),
  replica: z.string(),
  comeBack: z.boolean(),
  withinSeconds: z.number().nonnegative().max(86_400).nullable(),
})

/**
 * `requests/<replica>.json`: an operator's notice to one run of one job. It is written before the batch process gets a signal,
 * and read only after that signal. The replica removes it with its other files.
 */
export interface DrainRequest {
  /** Requeue as the last act, otherwise cancel; `comeBack` in the file. */
  readonly requeue: boolean
  /** The time limit of the drain, from the replica's signal on; undefined: until the last answer has ended. */
  readonly withinSeconds: number | undefined
}

export function formatDrainRequest(replica: string, { requeue, withinSeconds }: DrainRequest): string {
  return `${JSON.stringify({ version: REGISTRY_VERSION, replica, comeBack: requeue, withinSeconds: withinSeconds ?? null }, null, 2)}\n`
}

/** Undefined when the text is not a request to this replica. */
export function parseDrainRequest(text: string, replica: string): DrainRequest | undefined {
  try {
    const parsed = drainRequestSchema.safeParse(JSON.parse(text)).data
    if (parsed?.replica !== replica) return undefined
    return { requeue: parsed.comeBack, withinSeconds: parsed.withinSeconds ?? undefined }
  } catch {
    return undefined
  }
}
