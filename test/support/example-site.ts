import { readFile } from 'node:fs/promises'
import { parseConfig } from '../../src/core/config/parse-config.ts'
import type { Config, TierConfig } from '../../src/core/config/schema.ts'

/** Every example site: tiers, and the names of their scripts. */
export const EXAMPLES = [
  { site: 'beefcake2', tier: 'fast', name: 'run-14b.slurm' },
  { site: 'beefcake2', tier: 'reasoning', name: 'run-72b-distributed.slurm' },
  { site: 'h200-elastic', tier: 'gpt_oss', name: 'gpt_oss.slurm' },
  { site: 'perlmutter', tier: 'chat', name: 'run-chat.slurm' },
  { site: 'perlmutter', tier: 'embeddings', name: 'run-embeddings.slurm' },
] as const

export type Example = (typeof EXAMPLES)[number]['site']

/** Path of a file of an example site, whose scripts are golden files. */
export function exampleFile(name: string, site: Example = 'beefcake2'): URL {
  return new URL(`../../slurm/${site}/${name}`, import.meta.url)
}

export async function exampleConfig(site: Example = 'beefcake2'): Promise<Config> {
  const { config, problems } = parseConfig(await readFile(exampleFile('sluice.yaml', site), 'utf8'), 'sluice.yaml')
  if (config === undefined) throw new Error(`Cannot use the example site: ${JSON.stringify(problems)}`)
  return config
}

/** The example with its one tier changed. */
export async function withFastTier(
  changes: Partial<TierConfig>,
  slurm: Partial<TierConfig['slurm']> = {},
): Promise<Config> {
  const config = await exampleConfig()
  const fast = config.tiers['fast']
  if (fast === undefined) throw new Error('Cannot change the example site: it has no tier fast')
  return { ...config, tiers: { fast: { ...fast, ...changes, slurm: { ...fast.slurm, ...slurm } } } }
}
