import { z } from 'zod'

/** Kinds of server programs; engines/index.ts has the engine of each. */
const ENGINE_NAMES = ['llama.cpp', 'vllm', 'sglang', 'tei', 'custom', 'demo'] as const

const words = z.array(z.string()).readonly()

const router = z.object({ modelsDir: z.string(), modelsMax: z.number(), preload: words }).readonly()

/** What clients ask for, and where the engine has it from: exactly one of the two. */
const model = z
  .object({
    name: z.string(),
    /** A path on the nodes: a .gguf file, or a directory of safetensors. */
    file: z.string().exactOptional(),
    /** Of Hugging Face. */
    id: z.string().exactOptional(),
  })
  .readonly()

/** What Sluice must know of a server program that it does not know. */
const custom = z
  .object({
    /** `{address}`, `{port}`, `{model}` and `{name}` are filled in. */
    args: words,
    healthPath: z.string(),
    /** Variable in which it gets the key that it is to ask for as a bearer's token; absent: it asks for none. */
    keyVariable: z.string().exactOptional(),
    modelsPath: z.string().exactOptional(),
    serves: words,
    /** It starts programs that gain privileges, which those cannot that TERM is kept from by force. */
    setuid: z.boolean().exactOptional(),
    /** Where its load stands as Prometheus has it, and by what names. */
    metrics: z
      .object({
        path: z.string(),
        running: z.string().exactOptional(),
        waiting: z.string().exactOptional(),
        kv: z.string().exactOptional(),
      })
      .readonly()
      .exactOptional(),
  })
  .readonly()

/** One engine over several nodes, with a process on each, which divide the model's layers among groups of `tensorParallel` GPUs. */
const ranks = z.object({ nodes: z.number(), pipelineParallel: z.number() }).readonly()

/** The part of a replica spec that an engine reads; a server of the library has nothing else. */
export const engineSpecSchema = z.object({
  engine: z.enum(ENGINE_NAMES, {
    error: ({ input }) => `${JSON.stringify(input)} is not one of ${ENGINE_NAMES.join(', ')}`,
  }),
  /** The engine's executable: a name looked up on PATH, or an absolute path. */
  command: z.string(),
  /** Extra engine arguments, already as argv. */
  args: words,
  /** Added to the engine's allow-listed environment. */
  env: z.record(z.string(), z.string()).readonly(),
  router: router.exactOptional(),
  model: model.exactOptional(),
  custom: custom.exactOptional(),
  /** GPUs of one endpoint, or of each stage and copy in it; without it all of the node's are one endpoint's. */
  tensorParallel: z.number().exactOptional(),
  ranks: ranks.exactOptional(),
  context: z.number().exactOptional(),
})

export type EngineSpec = Readonly<z.infer<typeof engineSpecSchema>>
export type ModelSpec = z.infer<typeof model>
export type CustomSpec = z.infer<typeof custom>
export type RankSpec = z.infer<typeof ranks>
