import { z } from 'zod'
import { REGISTRY_VERSION } from './endpoint.ts'

const count = z.number().nonnegative().nullable()
const share = z.number().min(0).max(1).nullable()
const beatSchema = z.looseObject({
  version: z.literal(REGISTRY_VERSION),
  beat: z.int().nonnegative(),
  endpoints: z.record(
    z.string(),
    z.looseObject({ running: count, waiting: count, kv: share, prefixHits: share.default(null) }),
  ),
})

/**
 * `beats/<replica>.json`: a counter that moves while the replica's processes live, and the load of each endpoint
 * (`Load`).
 */
export type Beat = Readonly<z.infer<typeof beatSchema>>

export function formatBeat(beat: Beat): string {
  return `${JSON.stringify(beat)}\n`
}

/** Undefined when the text is not a beat. An unreadable beat counts as standing still, which only makes a suspect. */
export function parseBeat(text: string): Beat | undefined {
  try {
    return beatSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
