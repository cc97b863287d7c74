import { z } from 'zod'
import { BACKENDS, type ServerConfig, type ServerSettings } from '../domain/server-options.ts'
import type { EngineName } from '../engines/index.ts'
import { toArgv } from './args.ts'
import type { ConfigFinding, Path } from './config-finding.ts'
import { serverArgumentFindings } from './rules/server-arguments.ts'
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

const configuration = options.extend({ backend: z.enum(BACKENDS) })

/** The spelling of a key that was not written. */
export type Spelling = 'snake_case' | 'camelCase'

/** How options are read. */
export interface OptionsReading {
  readonly spelling: Spelling
  /** A scalar as it was written in a file. */
  sourceAt?(path: Path): string | undefined
}

/** The settings of a server of that engine, or every problem of its options: at least one finding. */
export function readServerOptions(
  value: unknown,
  { engine, ...reading }: OptionsReading & { readonly engine: EngineName },
): Read<{ readonly settings: ServerSettings }> {
  const findings = allFindings(options, value, engine, reading)
  return findings.length > 0
    ? { findings }
    : { settings: toSettings(options.parse(camelised(options, value)), engine), findings: [] }
}

/** As `readServerOptions`, for options that name their backend; the result has every default. */
export function readServerConfig(value: unknown, reading: OptionsReading): Read<{ readonly config: ServerConfig }> {
  const named = isMap(value) ? z.enum(BACKENDS).safeParse(value['backend']).data : undefined
  const findings = allFindings(configuration, value, named, reading)
  return findings.length > 0
    ? { findings }
    : { config: configuration.parse(camelised(configuration, value)), findings: [] }
}

type Read<Found> =
  | (Found & { readonly findings: readonly [] })
  | ({ readonly [Name in keyof Found]?: never } & { readonly findings: readonly ConfigFinding[] })

function allFindings(
  schema: z.ZodObject,
  value: unknown,
  engine: EngineName | undefined,
  { spelling, sourceAt = () => undefined }: OptionsReading,
): readonly ConfigFinding[] {
  const shapes = shapeFindings({ schema: spelled(schema, value, spelling), value, sourceAt })
  return engine === undefined || shapes.length > 0 ? shapes : serverArgumentFindings(engine, value)
}

function toSettings(read: z.output<typeof options>, engine: EngineName): ServerSettings {
  const { config: given, profile: wanted, envVars, command, ...rest } = read
  return {
    ...rest,
    command,
    envVars: Object.fromEntries(Object.entries(envVars).map(([name, value]) => [name, String(value)])),
    args: toArgv(given.apiServerArgs ?? given.serverArgs ?? [], engine),
    profile: wanted?.enabled
      ? { tool: wanted.tool, outputDir: wanted.outputDir, args: rejoined(wanted.args) }
      : undefined,
  }
}

/**
 * In YAML, `[--trace=cuda,nvtx]` is a list of two. A word without a dash after a flag with a value was cut off by such a comma.
 * A profiler would take it for the program to start.
 */
function rejoined(args: readonly string[]): string[] {
  const done: string[] = []
  for (const word of args) {
    const last = done.at(-1)
    const isCutOff = last !== undefined && /^--[^=\s]+=./.test(last) && !word.startsWith('-')
    if (isCutOff) done.splice(-1, 1, `${last},${word}`)
    else done.push(word)
  }
  return done
}

/** The same schema with its keys as they were written, so that messages use that spelling. */
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

/** `value`, in which `spelled` found no problem, with the keys of the schema. */
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
