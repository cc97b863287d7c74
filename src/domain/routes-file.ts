import { z } from 'zod'
import { REGISTRY_VERSION } from './endpoint.ts'

const routesSchema = z.looseObject({
  version: z.literal(REGISTRY_VERSION),
  gateway: z.string(),
  beat: z.int().nonnegative(),
  generation: z.int().nonnegative(),
  tiers: z.record(z.string(), z.array(z.string())),
})

/**
 * `routes/<gateway>.json`: per tier the ids that the *running* nginx can still reach, and the gateway's own beat. An id is
 * here before nginx may reach it and until it no longer can (rule 10), so its absence is proof.
 */
export type RoutesFile = Readonly<z.infer<typeof routesSchema>>

export function formatRoutes(routes: RoutesFile): string {
  return `${JSON.stringify(routes, null, 2)}\n`
}

/** Undefined when the text is no routes file, which says nothing about what nginx reaches. */
export function parseRoutes(text: string): RoutesFile | undefined {
  try {
    return routesSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

export function names(routes: RoutesFile, id: string): boolean {
  return Object.values(routes.tiers).some(ids => ids.includes(id))
}
