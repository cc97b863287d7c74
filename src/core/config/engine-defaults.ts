/**
 * sluice.yaml as it was read, with what a tier's engine says of values that were left out: of a program that Sluice does not
 * know nobody can say that it computes on a GPU, and one that it did not ask for keeps its jobs from starting.
 */
export function withEngineDefaults(value: unknown): unknown {
  if (!isMap(value) || !isMap(value['tiers'])) return value
  const tiers = Object.entries(value['tiers']).map(([name, tier]) => [name, withoutGpus(tier)] as const)
  return { ...value, tiers: Object.fromEntries(tiers) }
}

function withoutGpus(tier: unknown): unknown {
  if (!isMap(tier) || tier['engine'] !== 'custom' || tier['tensorParallel'] !== undefined) return tier
  const slurm = tier['slurm'] ?? {}
  return isMap(slurm) ? { ...tier, slurm: { gpus: 0, ...slurm } } : tier
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
