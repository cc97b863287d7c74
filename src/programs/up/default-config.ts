/**
 * A sluice.yaml for a machine that has none: one tier at `/`, served by the demo engine, or by llama-server with `model`. It is
 * read like any other, so every default comes from the schema.
 */
export function defaultConfig(at: { directory: string; port: number; model?: { name: string; file: string } }): string {
  const engine = at.model === undefined ? { engine: 'demo' } : { engine: 'llama.cpp', model: at.model }
  // JSON is YAML, and quotes itself.
  return JSON.stringify({
    site: 'local',
    shared: `${at.directory}/shared`,
    runtime: at.directory,
    gateway: { listen: `127.0.0.1:${at.port}`, networks: ['127.0.0.0/8'], state: `${at.directory}/state` },
    tiers: { [at.model === undefined ? 'demo' : tierName(at.model.name)]: { path: '/', ...engine } },
  })
}

/** A tier's name from a model's name, in the alphabet of tier names. */
export function tierName(model: string): string {
  const name = model.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')
  return /^[a-z]/.test(name) ? name.slice(0, MAX_TIER_NAME).replace(/_$/, '') : 'model'
}

const MAX_TIER_NAME = 32

/** The name of a .gguf file's model for clients. */
export function modelName(file: string): string {
  const name = file.slice(file.lastIndexOf('/') + 1).replace(/\.gguf$/i, '')
  return name.replaceAll(/[^A-Za-z0-9_.:@+-]/g, '-').replace(/^[^A-Za-z0-9]+/, '') || 'model'
}
