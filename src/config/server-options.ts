import { z } from 'zod'
import type { ServerOptions, ServerSettings } from '../domain/server-options.ts'
import { toArgv } from './args.ts'
import type { Finding } from './finding.ts'
import { args } from './schema.ts'
import { isMap } from './schema-at.ts'
import { shapeFindings } from './shape-findings.ts'

/** A day at most: timers of more than 2³¹ ms fire at once. */
const seconds = z.number().positive().max(86_400)
const text = z.string().min(1)

const config = z.strictObject({ apiServerArgs: args.optional(), serverArgs: args.optional() })

const profile = z.strictObject({
  enabled: z.boolean().default(false),
  tool: z.enum(['nsys', 'pytorch', 'amd']).default('nsys'),
  outputDir: text.default('./profiles'),
  args: z.array(z.string()).default([]),
})

/** Every default of a server is written here and nowhere else. */
const options = z.strictObject({
  model: text.meta({ examples: ['meta-llama/Llama-2-7b-hf'] }),
  outputDir: text.default('./server_logs'),
  host: text.default('127.0.0.1'),
  port: z.number().int().min(1).max(65_535).default(8000),
  heartbeatInterval: seconds.default(5),
  heartbeatTimeout: seconds.default(30),
  startupTimeout: seconds.default(600),
  envVars: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'write letters, digits and underscores'),
      z.union([z.string(), z.number()], 'write text'),
    )
    .default({}),
  config: config.default({}),
  debugMode: z.boolean().default(false),
  profile: profile.optional(),
  command: text.optional(),
})

/** How keys are spelled that have been written in neither way. */
export type Spelling = 'snake_case' | 'camelCase'

/** The settings of a server, or everything that is wrong with its options: at least one finding. */
export type ReadOptions =
  | { readonly settings: ServerSettings; readonly findings: readonly [] }
  | { readonly settings?: never; readonly findings: readonly Finding[] }

/** Options as they were written, each key in either spelling; `sourceAt` has scalars as they stood in a file. */
export function readServerOptions(
  value: unknown,
  spelling: Spelling,
  sourceAt: (path: Finding['path']) => string | undefined = () => undefined,
): ReadOptions {
  const findings = shapeFindings({ schema: spelled(options, value, spelling), value, sourceAt })
  if (findings.length > 0) return { findings }
  const read = options.parse(camelised(options, value))
  const { config: given, profile: wanted, envVars, command, ...rest } = read
  return {
    settings: {
      ...rest,
      command,
      envVars: Object.fromEntries(Object.entries(envVars).map(([name, text]) => [name, String(text)])),
      args: toArgv(given.apiServerArgs ?? given.serverArgs ?? []),
      profile: wanted?.enabled ? { tool: wanted.tool, outputDir: wanted.outputDir, args: wanted.args } : undefined,
    },
    findings: [],
  }
}

/** The same schema with its keys as they were written; so that what is said of them names them so. */
function spelled(schema: z.ZodObject, value: unknown, spelling: Spelling): z.ZodObject {
  const written = isMap(value) ? value : {}
  const entries = Object.entries(schema.shape).map(([key, child]): [string, z.core.$ZodType] => {
    const snake = snakeCase(key)
    const isSnake = Object.hasOwn(written, snake) || (spelling === 'snake_case' && !Object.hasOwn(written, key))
    const name = isSnake ? snake : key
    return [name, respelled(child, written[name], spelling)]
  })
  return z.strictObject(Object.fromEntries(entries))
}

function respelled(child: z.core.$ZodType, value: unknown, spelling: Spelling): z.core.$ZodType {
  const inner = objectIn(child)
  return inner === undefined ? child : spelled(inner, value, spelling).optional()
}

/** `value` of which `spelled` has found nothing wrong, with the keys of the schema. */
function camelised(schema: z.ZodObject, value: unknown): Record<string, unknown> {
  const written = isMap(value) ? value : {}
  return Object.fromEntries(
    Object.entries(schema.shape).flatMap(([key, child]) => {
      const found = written[key] ?? written[snakeCase(key)]
      if (found === undefined) return []
      const inner = objectIn(child)
      return [[key, inner === undefined ? found : camelised(inner, found)]]
    }),
  )
}

function objectIn(schema: z.core.$ZodType): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? objectIn(schema.unwrap()) : undefined
}

function snakeCase(key: string): string {
  return key.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}
