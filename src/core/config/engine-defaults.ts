/**
 * sluice.yaml as it was read, with the defaults that depend on a tier's engine. A custom engine gets no GPU by default: it may not
 * use one, and its jobs would not start on nodes without GPUs.
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
