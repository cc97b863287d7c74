import { z } from 'zod'

/** A name that may stand in file names, nginx identifiers and Slurm comments: rule 9's closed alphabet. */
export const NAME_PATTERN = /^[a-z][a-z0-9_]{0,31}$/

const seconds = z.number().positive()
const port = z.number().int().min(1024).max(65535)
const absolutePath = z.string().regex(/^\/[^\0\n]*$/, 'must be an absolute path')

const scalar = z.union([z.string(), z.number(), z.boolean()])

/** Engine arguments: a list is passed as it is, a map becomes flags (`args.ts`). */
const args = z.union([z.array(z.union([scalar, z.record(z.string(), z.unknown())])), z.record(z.string(), z.unknown())])

const router = z.strictObject({
  modelsDir: absolutePath,
  modelsMax: z.number().int().positive().default(1),
  preload: z.array(z.string()).default([]),
})

const slurm = z.strictObject({
  script: z.string().optional(),
  jobName: z.string().optional(),
  partition: z.string().optional(),
  qos: z.string().optional(),
  account: z.string().optional(),
  nodes: z.number().int().positive().default(1),
  nodelist: z.string().optional(),
  gpus: z.number().int().nonnegative().default(1),
  cpus: z.number().int().positive().optional(),
  mem: z.string().optional(),
  time: z.string().optional(),
  exclusive: z.boolean().default(false),
  signalLeadSeconds: z.number().int().positive().default(120),
  output: z.string().optional(),
  extra: z.array(z.string()).default([]),
})

const tier = z.strictObject({
  engine: z.enum(['llama.cpp']),
  path: z.string(),
  gatewayPort: port.optional(),
  command: z.string().default('llama-server'),
  router: router.optional(),
  model: z.strictObject({ name: z.string(), file: absolutePath }).optional(),
  context: z.number().int().positive().optional(),
  args: args.default([]),
  env: z.record(z.string(), z.string()).default({}),
  setup: z.array(z.string()).default([]),
  port: port.optional(),
  readTimeoutSeconds: seconds.default(600),
  loadTimeoutSeconds: seconds.default(900),
  gpu: z.strictObject({ arch: z.string().optional(), memory: z.string().optional() }).optional(),
  replicas: z.number().int().nonnegative().default(1),
  slurm,
})

const gateway = z.strictObject({
  name: z.string().regex(NAME_PATTERN).default('main'),
  nginx: z.enum(['private']).default('private'),
  listen: port.default(8080),
  networks: z.array(z.string()),
  defaultTier: z.string().optional(),
  state: absolutePath.optional(),
})

/** How often things are looked at. Every default is written here and nowhere else. */
const timing = z.strictObject({
  beatSeconds: seconds.default(5),
  leaseSeconds: seconds.default(20),
  scanSeconds: seconds.default(1),
  squeueSeconds: seconds.default(15),
})

export const configSchema = z.strictObject({
  site: z.string().regex(NAME_PATTERN),
  shared: absolutePath,
  runtime: absolutePath,
  gateway,
  timing: timing.prefault({}),
  watch: z.boolean().default(true),
  tiers: z.record(z.string().regex(NAME_PATTERN), tier),
})

export type Config = z.infer<typeof configSchema>
export type TierConfig = z.infer<typeof tier>
