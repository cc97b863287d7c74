import { z } from 'zod'
import { REGISTRY_VERSION } from './endpoint.ts'

const routesSchema = z.looseObject({
  version: z.literal(REGISTRY_VERSION),
  gateway: z.string(),
  beat: z.int().nonnegative(),
  generation: z.int().nonnegative(),
  tiers: z.record(z.string(), z.array(z.string())),
  // The build of its updater, as `sluice install` names it; absent: an older updater.
  build: z.string().optional().catch(undefined),
  // Endpoints among them that get few requests or none, because their answers fail and others' do not; absent: none.
  aside: z
    .record(z.string(), z.enum(['set aside', 'on trial']))
    .optional()
    .catch(undefined),
})

/**
 * `routes/<gateway>.json`: per tier the ids that the *running* nginx can still reach, and the gateway's own beat. An id is
 * here before nginx may reach it and until it no longer can ("what is on disk runs", docs/design/rules.md), so its
 * absence is proof.
 */
export type RoutesFile = Readonly<z.infer<typeof routesSchema>>

export function formatRoutes(routes: RoutesFile): string {
  return `${JSON.stringify(routes, null, 2)}\n`
}

/** The content of one gateway's file; or why it cannot be understood, in which case it may name any endpoint. */
export type GatewayRoutes = RoutesFile | { readonly problem: string }

export function isUnderstood(routes: GatewayRoutes): routes is RoutesFile {
  return 'tiers' in routes
}

export function parseRoutes(text: string): GatewayRoutes {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { problem: text.trim() === '' ? 'Empty file' : 'Not JSON' }
  }
  const parsed = routesSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined
  if (typeof version === 'number' && version > REGISTRY_VERSION) {
    return { problem: `Version ${version} is newer than this sluice understands (${REGISTRY_VERSION})` }
  }
  return { problem: 'Not a routes file' }
}

export function names(routes: RoutesFile, id: string): boolean {
  return Object.values(routes.tiers).some(ids => ids.includes(id))
}
