import { readServerConfig } from '../core/config/server-options.ts'
import { given } from '../core/domain/given.ts'
import type { Backend, ServerConfig, ServerOptions } from '../core/domain/server-options.ts'
import { InferenceServer, userError } from './inference-server.ts'
import { socketDirectory } from './launch-server.ts'

/** A server whose engine Sluice knows. */
abstract class EngineServer extends InferenceServer {
  override backendName(): string {
    return this.engine().name
  }

  override launchCommand(): readonly string[] {
    const engine = this.engine()
    const sockets = socketDirectory(engine, this.settings)
    const at = { address: this.host, port: this.port, ...given({ sockets }) }
    return [this.spec.command, ...engine.argv(this.spec, at)]
  }

  override healthEndpoint(): string {
    return this.url + this.engine().paths(this.spec).health
  }

  override listEndpoints(): Readonly<Record<string, string>> {
    const { models } = this.engine().paths(this.spec)
    const paths = Object.entries({
      ...given({ models }),
      ...Object.fromEntries(
        this.engine()
          .serves(this.spec)
          .map(api => [api, API_PATHS[api] ?? `/${api}`]),
      ),
      metrics: '/metrics',
    })
    return {
      health: this.healthEndpoint(),
      ...Object.fromEntries(paths.map(([name, path]) => [name, this.url + path])),
    }
  }

  /** llama-server's list of models is open; those of the others are not, where the user has set a key. */
  protected override modelsPath(): string | undefined {
    return this.spec.engine === 'llama.cpp' ? super.modelsPath() : undefined
  }
}

/** The paths of OpenAI's API. */
const API_PATHS: Readonly<Record<string, string>> = {
  chat: '/v1/chat/completions',
  completions: '/v1/completions',
  embeddings: '/v1/embeddings',
}

/** `vllm serve`; its arguments are `config.apiServerArgs`. */
export class VLLMServer extends EngineServer {
  constructor(options: ServerOptions) {
    super(options, 'vllm')
  }
}

/** `python3 -m sglang.launch_server`, or `sglang serve` where `command` is sglang; its arguments are `config.serverArgs`. */
export class SGLangServer extends EngineServer {
  constructor(options: ServerOptions) {
    super(options, 'sglang')
  }
}

/** `llama-server` of llama.cpp with one .gguf file; its arguments are `config.serverArgs`. */
export class LlamaServer extends EngineServer {
  constructor(options: ServerOptions) {
    super(options, 'llama.cpp')
  }
}

/** Hugging Face's `text-embeddings-router`; its arguments are `config.serverArgs`. */
export class TEIServer extends EngineServer {
  constructor(options: ServerOptions) {
    super(options, 'tei')
  }
}

const SERVERS: Readonly<Record<Backend, new (options: ServerOptions) => InferenceServer>> = {
  vllm: VLLMServer,
  sglang: SGLangServer,
  'llama.cpp': LlamaServer,
  tei: TEIServer,
}

/**
 * A server of this backend, not started.
 *
 * @throws UserError with every problem of the options.
 */
export function createServer(options: ServerConfig): InferenceServer {
  const { config, findings } = readServerConfig(options, { spelling: 'camelCase' })
  if (config === undefined) throw userError(findings)
  const { backend, ...rest } = config
  return new SERVERS[backend](rest)
}
