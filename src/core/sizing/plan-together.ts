import type { FitVerdict, Shortage } from './check-fit.ts'
import type { Layout } from './layout.ts'
import type { ModelPlan } from './plan-model.ts'

/** Models of a router that are loaded at once, each a process of its own. */
export interface TogetherPlan {
  /** The biggest ones: any others fit where these do. */
  readonly models: readonly string[]
  readonly verdict: FitVerdict
  readonly shortages: readonly Shortage[]
  /** --cache-ram of each with which they fit, MiB, where only the cached prompts are too large. */
  readonly cacheRam?: number
}

/** The `most` biggest models on the same devices; undefined: only one is loaded at a time. */
export function planTogether(
  plans: readonly { readonly name: string; readonly plan: ModelPlan }[],
  layout: Layout,
  most: number,
): TogetherPlan | undefined {
  if (most < 2 || plans.length < 2) return undefined
  const sizeOf = ({ devices, host }: ModelPlan) => [...devices, host].reduce((sum, place) => sum + place.total, 0)
  const loaded = [...plans].sort((one, other) => sizeOf(other.plan) - sizeOf(one.plan)).slice(0, most)
  const places = [
    ...layout.devices.map(({ name, bytes }, device) => ({
      name,
      bytes,
      total: total(loaded, plan => plan.devices[device]),
    })),
    { name: 'host', bytes: layout.hostBytes, total: total(loaded, plan => plan.host) },
  ]
  const shortages = places.flatMap(({ name, bytes, total }) =>
    bytes !== undefined && total > bytes ? [{ where: name, missing: total - bytes }] : [],
  )
  const isKnown = places.every(place => place.bytes !== undefined)
  return {
    models: loaded.map(one => one.name),
    verdict: shortages.length > 0 ? 'does not fit' : isKnown ? 'fits' : 'not known',
    shortages,
    ...fewerPrompts(loaded, shortages),
  }
}

/** The limit is the same for each, because all have the same arguments. */
function fewerPrompts(
  loaded: readonly { readonly plan: ModelPlan }[],
  shortages: readonly Shortage[],
): Pick<TogetherPlan, 'cacheRam'> {
  const [short, ...others] = shortages
  if (short?.where !== 'host' || others.length > 0) return {}
  const kept = loaded.reduce((sum, { plan }) => sum + plan.host.promptCache, 0)
  const cacheRam = Math.floor((kept - short.missing) / loaded.length / 2 ** 20)
  return cacheRam < 0 ? {} : { cacheRam }
}

function total(
  loaded: readonly { readonly plan: ModelPlan }[],
  place: (plan: ModelPlan) => { readonly total: number } | undefined,
): number {
  return loaded.reduce((sum, { plan }) => sum + (place(plan)?.total ?? 0), 0)
}
