import type { EngineName } from '../../engines/index.ts'
import { badKey } from '../config-finding.ts'
import { type Rule, ruleTiers } from './rule-input.ts'

interface Owned {
  readonly pattern: RegExp
  readonly found: string
  readonly fix: string
}

const OWNED: readonly Owned[] = [
  { pattern: /^(?:SLURM|SBATCH|SRUN)_/, found: 'Slurm sets it in the job', fix: 'leave it out' },
  { pattern: /^SLUICE_/, found: 'Sluice sets it', fix: 'leave it out' },
  {
    pattern: /^(?:CUDA|ROCR|HIP)_VISIBLE_DEVICES$|^GPU_DEVICE_ORDINAL$/,
    found: "Slurm assigns the job's GPUs",
    fix: 'leave it out; to get more GPUs, raise slurm.gpus',
  },
  { pattern: /^CUDA_DEVICE_ORDER$/, found: 'Sluice sets it to PCI_BUS_ID', fix: 'leave it out' },
  {
    pattern: /^LLAMA_(?:ARG_|SERVER_ROUTER_PORT$|SERVER_CHILD_MODE$)/,
    found: 'it would change arguments without a check',
    fix: 'write the flag in args',
  },
  { pattern: /^AIP_/, found: 'it would change the port of the engine', fix: 'leave it out' },
  {
    pattern: /(?:^|_)(?:KEY|API_?KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$/i,
    found: 'its name is that of a secret, and other accounts can read job scripts',
    fix: 'keep it in a file of mode 0600 that the engine reads itself',
  },
]

/** TEI reads its flags from these variables (reference: clap's `env` in router/src/main.rs). */
const TEI_FLAGS =
  /^(?:MODEL_ID|REVISION|TOKENIZATION_WORKERS|DTYPE|SERVED_MODEL_NAME|POOLING|MAX_(?:CONCURRENT_REQUESTS|BATCH_TOKENS|BATCH_REQUESTS|CLIENT_BATCH_SIZE)|AUTO_TRUNCATE|DEFAULT_PROMPT(?:_NAME)?|DENSE_PATH|HOSTNAME|PORT|UDS_PATH|PAYLOAD_LIMIT|JSON_OUTPUT|DISABLE_SPANS|OTLP_(?:ENDPOINT|SERVICE_NAME)|PROMETHEUS_PORT|CORS_ALLOW_ORIGIN)$/

const ENGINE_OWNED: Partial<Readonly<Record<EngineName, readonly Owned[]>>> = {
  vllm: [
    {
      pattern: /^VLLM_PORT$/,
      found: 'it sets the first of the internal ports, not the port of the API',
      fix: 'leave it out; port in the tier sets the port of the API',
    },
  ],
  tei: [{ pattern: TEI_FLAGS, found: 'it would change arguments without a check', fix: 'write the flag in args' }],
}

/**
 * Environment of the engine: no names that Sluice or Slurm sets, and no secrets ("secrets stay", docs/design/rules.md).
 * Values are never shown.
 */
export const environmentRule: Rule = input =>
  ruleTiers(input).flatMap(([tier, { env, engine }]) =>
    Object.keys(env ?? {}).flatMap(name => {
      const owned = [...OWNED, ...((engine && ENGINE_OWNED[engine]) ?? [])].find(one => one.pattern.test(name))
      return owned === undefined ? [] : [badKey(['tiers', tier, 'env', name], owned.found, owned.fix)]
    }),
  )
