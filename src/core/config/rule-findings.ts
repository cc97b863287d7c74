import type { ConfigFinding } from './config-finding.ts'
import { containerRule } from './rules/containers.ts'
import { engineArgumentsRule } from './rules/engine-arguments.ts'
import { environmentRule } from './rules/environment.ts'
import { flashAttentionRule } from './rules/flash-attention.ts'
import { byModelRule, leaseRule, statePathRule, systemRule } from './rules/gateway.ts'
import { extraRule, setupRule, unrequestedGpusRule } from './rules/job-script.ts'
import { knownMistakesRule } from './rules/known-mistakes.ts'
import { listenRule } from './rules/listen.ts'
import { customRule, modelRule, tensorParallelRule } from './rules/models.ts'
import { networkRule } from './rules/networks.ts'
import { placeholderRule } from './rules/placeholders.ts'
import { rpcRule } from './rules/rpc.ts'
import type { Rule, RuleInput } from './rules/rule-input.ts'
import { stageRule } from './rules/stage.ts'
import { nodelistRule, nodesRule, pathRule, preloadRule, scriptRule, someTierRule } from './rules/tiers.ts'
import { engineKeysRule, unreadKeysRule } from './rules/unread-keys.ts'

const RULES: readonly Rule[] = [
  networkRule,
  systemRule,
  byModelRule,
  statePathRule,
  leaseRule,
  someTierRule,
  pathRule,
  listenRule,
  scriptRule,
  modelRule,
  engineKeysRule,
  customRule,
  placeholderRule,
  unreadKeysRule,
  tensorParallelRule,
  preloadRule,
  nodelistRule,
  nodesRule,
  rpcRule,
  containerRule,
  stageRule,
  engineArgumentsRule,
  knownMistakesRule,
  flashAttentionRule,
  environmentRule,
  extraRule,
  unrequestedGpusRule,
  setupRule,
]

/** Every conflict between keys. A rule looks only at keys that are well formed. */
export function ruleFindings(input: RuleInput): ConfigFinding[] {
  return RULES.flatMap(rule => rule(input))
}
