import { readFile } from 'node:fs/promises'
import { parseConfig } from '../../src/config/parse-config.ts'
import type { Config, TierConfig } from '../../src/config/schema.ts'

/** Path of a file of the example site, whose scripts are golden files. */
export function exampleFile(name: string): URL {
  return new URL(`../../slurm/beefcake2/${name}`, import.meta.url)
}

export async function exampleConfig(): Promise<Config> {
  const { config, problems } = parseConfig(await readFile(exampleFile('sluice.yaml'), 'utf8'), 'sluice.yaml')
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
