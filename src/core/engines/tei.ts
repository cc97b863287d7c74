import { MOST_SOCKET_BYTES } from '../domain/socket-path.ts'
import type { BuildArgv, Engine } from './engine.ts'
import { modelSource, needsModel } from './model-source.ts'
import { readPlainHealth } from './plain-health.ts'
import { type LoadNames, readLoadBy } from './prometheus.ts'

/** Hugging Face's text-embeddings-router (reference: router/src/main.rs and router/src/http/server.rs). */
export const tei: Engine = {
  name: 'tei',
  command: 'text-embeddings-router',
  serves: () => ['embeddings'],
  argv: (spec, { address, port, sockets }) => [
    ...['--model-id', modelSource(spec)],
    ...['--hostname', address, '--port', String(port)],
    ...(spec.model === undefined ? [] : ['--served-model-name', spec.model.name]),
    // It binds this port and never serves there, since /metrics is on the port above; any free one.
    ...['--prometheus-port', '0'],
    // Its Python backend listens on this socket without a key.
    ...(sockets === undefined ? [] : ['--uds-path', socketIn(sockets)]),
    ...spec.args,
  ],
  makesSockets: true,
  changed: { flags: ['--served-model-name'], ask: ['--help'], toBuild },
  // Each of its flags can be set by a variable such as PORT, DTYPE or REVISION, so none of these is inherited.
  keepsEnvironment:
    /^(?:HF_(?!API_TOKEN$)[A-Z_]+|RUST_(?:LOG|BACKTRACE)|PYTHON[A-Z]+|VIRTUAL_ENV|MKL_[A-Z_]+|ORT_[A-Z_]+|HSA_[A-Z_]+|HIP_[A-Z_]+|(?:https?|no|all)_proxy|(?:HTTPS?|NO|ALL)_PROXY)$/,
  environment: {},
  key: () => ({ variable: 'API_KEY' }),
  needs: needsModel,
  paths: () => ({ health: '/health', metrics: '/metrics' }),
  healthTimeoutMs: 5_000,
  stopGraceMs: 2_000,
  readHealth: readPlainHealth,
  readLoad: (_, metrics) => readLoadBy(LOAD, metrics),
}

function socketIn(directory: string): string {
  const path = `${directory}/tei.sock`
  const bytes = Buffer.byteLength(path)
  if (bytes <= MOST_SOCKET_BYTES) return path
  throw new Error(
    `Cannot start text-embeddings-router: the path of its socket, "${path}", has ${bytes} bytes, and Linux takes ${MOST_SOCKET_BYTES}; choose a shorter TMPDIR for the job`,
  )
}

/** Reference: core/src/queue.rs. It counts requests that it has answered, not those on their way. */
const LOAD: LoadNames = { running: [], waiting: ['te_queue_size'], kv: [], prefixHits: [] }

/** Older builds accept any model name and do not have the flag. */
function toBuild(argv: readonly string[], help: string): BuildArgv {
  if (help.includes('--served-model-name')) return { argv, notes: [] }
  const at = argv.indexOf('--served-model-name')
  return {
    argv: argv.filter((_, index) => index !== at && index !== at + 1),
    notes: ['This build does not accept --served-model-name: its answers carry the path or id of the model'],
  }
}
