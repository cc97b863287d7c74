import { badValue, type ConfigFinding } from '../config-finding.ts'
import { type GivenFlag, givenFlags } from '../given-flags.ts'
import type { Override } from '../overrides.ts'
import { type Rule, type RuleTier, ruleTiers } from './rule-input.ts'

/**
 * llama.cpp needs flash attention for a quantized V cache. `auto` turns it on for that, and it crashes on Volta. A quantized K
 * cache works without it.
 *
 * 1. V quantized, flash attention off → refused: the engine ends with 1
 * 2. flash attention on, on sm70 → refused: the engine crashes
 * 3. V quantized, flash attention on or auto, on sm70 → refused: as 2
 */
export const flashAttentionRule: Rule = input =>
  ruleTiers(input).flatMap(([name, tier]) =>
    tier.engine === 'llama.cpp' || tier.engine === undefined ? tierFindings(tier, ['tiers', name, 'args']) : [],
  )

function tierFindings({ args, gpu, allow }: RuleTier, path: readonly string[]): ConfigFinding[] {
  const flags = givenFlags(args, path)
  const attention = flags.findLast(({ flag }) => flag === '--flash-attn' || flag === '-fa')
  const values = flags.findLast(({ flag }) => flag === '--cache-type-v' || flag === '-ctv')
  const isOff = attention !== undefined && /^(off|false|disabled|0)$/.test(attention.value ?? '')
  const isOn = attention !== undefined && /^(on|true|enabled|1)$/.test(attention.value ?? '')
  const isVolta = gpu?.arch?.replace('_', '') === 'sm70'
  const allows = (name: Override) => allow?.includes(name) === true
  const quantized = isQuantized(values) ? values : undefined
  if (isOff) {
    if (quantized === undefined || allows('quantized-v-without-flash-attn')) return []
    const found = `${quantized.value} needs flash attention, and flash-attn is off`
    return [badValue(quantized.path, found, fix('quantized-v-without-flash-attn'))] // 1
  }
  if (!isVolta || allows('flash-attn-on-sm70')) return []
  const crash = 'flash attention crashes on sm70'
  const off = 'write flash-attn: off'
  return [
    ...(isOn ? [badValue(attention.path, crash, `${off}, or ${allowing('flash-attn-on-sm70')}`)] : []), // 2
    ...(quantized === undefined
      ? []
      : [
          badValue(
            quantized.path,
            `${quantized.value} needs flash attention, which crashes on sm70`,
            fix('flash-attn-on-sm70'),
          ),
        ]), // 3
  ]
}

function isQuantized(values: GivenFlag | undefined): values is GivenFlag {
  return values?.value !== undefined && /^(iq|q)\d/.test(values.value)
}

function fix(name: Override): string {
  return `write f16, beside cache-type-k: q4_0 for a small cache (f16 for both where attention is latent, as DeepSeek's is), or ${allowing(name)}`
}

function allowing(name: Override): string {
  return `allow: [${name}] in the tier where your build can do it`
}
