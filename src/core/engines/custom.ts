import type { EngineSpec } from '../domain/engine-spec.ts'
import { given } from '../domain/given.ts'
import type { Engine, EngineAddress } from './engine.ts'
import { modelSource, needsModel } from './model-source.ts'
import { readPlainHealth } from './plain-health.ts'
import { readLoadBy } from './prometheus.ts'

/** Placeholders in its arguments. */
export const CUSTOM_PLACEHOLDERS = ['address', 'port', 'model', 'name'] as const

/** Any other server; the tier describes it. */
export const custom: Engine = {
  name: 'custom',
  command: undefined,
  mayUnblockTerm: true,
  serves: ({ custom: own }) => own?.serves ?? [],
  argv: (spec, at) => (spec.custom?.args ?? []).map(word => filledIn(word, spec, at)),
  // Only the tier knows which variables its program reads, and sets them in env.
  keepsEnvironment: /^$/,
  environment: {},
  key: ({ custom: own }) => (own?.keyVariable === undefined ? undefined : { variable: own.keyVariable }),
  needs: needsModel,
  paths: ({ custom: own }) => ({
    health: own?.healthPath ?? '/',
    ...given({ metrics: own?.metrics?.path, models: own?.modelsPath }),
  }),
  healthTimeoutMs: 5_000,
  stopGraceMs: 3_000,
  readHealth: readPlainHealth,
  readLoad: ({ custom: own }, text) => {
    const { running, waiting, kv } = own?.metrics ?? {}
    const names = (name: string | undefined) => (name === undefined ? [] : [name])
    return readLoadBy({ running: names(running), waiting: names(waiting), kv: names(kv), prefixHits: [] }, text)
  },
}

/** `{address}`, `{port}`, `{model}` (its file or id) and `{name}`; other braces are the program's own. */
function filledIn(word: string, spec: EngineSpec, { address, port }: EngineAddress): string {
  const values: Readonly<Record<string, string>> = {
    address,
    port: String(port),
    model: modelSource(spec),
    name: spec.model?.name ?? '',
  }
  return word.replaceAll(PLACEHOLDER, (_, key: string) => values[key] ?? '')
}

const PLACEHOLDER = new RegExp(`\\{(${CUSTOM_PLACEHOLDERS.join('|')})\\}`, 'g')
