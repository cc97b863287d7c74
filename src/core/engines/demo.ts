import type { Engine } from './engine.ts'
import { llamaCpp } from './llama-cpp.ts'

/** The variable with the key that it requires. */
export const DEMO_KEY = 'SLUICE_ENGINE_KEY'

/**
 * `sluice demo-engine`: answers like llama-server without a model, and each answer states that. For a machine without an engine,
 * and for trying a site before it has models.
 */
export const demo: Engine = {
  ...llamaCpp,
  name: 'demo',
  subcommand: 'demo-engine',
  argv: ({ model, router }, { address, port }) => [
    ...['--host', address, '--port', String(port)],
    ...(model === undefined ? (router?.preload ?? []) : [model.name]).flatMap(name => ['--model', name]),
  ],
  keepsEnvironment: /^$/,
  key: () => ({ variable: DEMO_KEY }),
  needs: () => [],
}
