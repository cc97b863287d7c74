/** The share `p` (0 to 1) of sorted samples lies at or below the result: nearest rank. */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = [...samples].sort((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN
}

/** What is quoted of a series of milliseconds. */
export function summarize(samples: readonly number[]) {
  const round = (value: number) => Math.round(value * 10) / 10
  return {
    n: samples.length,
    minMs: round(Math.min(...samples)),
    p50Ms: round(percentile(samples, 0.5)),
    p99Ms: round(percentile(samples, 0.99)),
    maxMs: round(Math.max(...samples)),
  }
}
