import { z } from 'zod'
import { REGISTRY_VERSION } from './endpoint.ts'

const dismissalSchema = z.looseObject({
  version: z.literal(REGISTRY_VERSION),
  replica: z.string(),
  comeBack: z.boolean(),
  withinSeconds: z.number().nonnegative().max(86_400).nullable(),
})

/**
 * `requests/<replica>.json`: an operator's notice to one run of one job. Written before its batch process is signalled
 * and read only then; the replica removes it with its other files.
 */
export interface Dismissal {
  /** Requeue as the last act; else the job is cancelled. */
  readonly comeBack: boolean
  /** How long the drain may take from when the replica hears of it; undefined: until the last answer has ended. */
  readonly withinSeconds: number | undefined
}

export function formatDismissal(replica: string, { comeBack, withinSeconds }: Dismissal): string {
  return `${JSON.stringify({ version: REGISTRY_VERSION, replica, comeBack, withinSeconds: withinSeconds ?? null }, null, 2)}\n`
}

/** Undefined when the text is no request to this replica: then nothing was asked for. */
export function parseDismissal(text: string, replica: string): Dismissal | undefined {
  try {
    const parsed = dismissalSchema.safeParse(JSON.parse(text)).data
    if (parsed?.replica !== replica) return undefined
    return { comeBack: parsed.comeBack, withinSeconds: parsed.withinSeconds ?? undefined }
  } catch {
    return undefined
  }
}
