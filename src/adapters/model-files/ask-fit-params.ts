import { dirname, isAbsolute, join } from 'node:path'
import { execa } from 'execa'
import type { Context } from '../../core/context.ts'
import type { EngineSettings } from '../../core/sizing/engine-settings.ts'
import { type FitRow, fitParamsArgv, parseFitParams } from '../../core/sizing/fit-params.ts'
import { findProgram } from '../system/find-program.ts'

/** It reads no weights, but on a network filesystem even the header can take long. */
const ANSWER_MS = 60_000

/** A few pages, including its output about a model's header. */
const MOST_CHARACTERS = 4 * 1024 * 1024

export interface FitQuestion {
  readonly file: string
  readonly settings: EngineSettings
  /** The engine's program, beside which it may lie. */
  readonly command: string
}

/** The answer of llama-fit-params; undefined: it is not installed; in words why there is no answer. */
export async function askFitParams(
  { file, settings, command }: FitQuestion,
  { env, signal }: Context,
): Promise<readonly FitRow[] | { readonly unknown: string } | undefined> {
  const beside = isAbsolute(command) ? `${dirname(command)}:` : ''
  const program = await findProgram(PROGRAM, { PATH: `${beside}${env['PATH'] ?? ''}` })
  if (program === undefined) return undefined
  const result = await execa(program, fitParamsArgv(file, settings), {
    cwd: '/',
    env,
    extendEnv: false,
    stdin: 'ignore',
    timeout: ANSWER_MS,
    maxBuffer: MOST_CHARACTERS,
    cancelSignal: signal,
    reject: false,
  })
  const rows = result.failed ? undefined : parseFitParams(result.stdout)
  if (rows !== undefined) return rows
  const words = result.stderr.split('\n').find(line => /error|failed|invalid/i.test(line)) ?? result.shortMessage
  return {
    unknown: `${join(dirname(program), PROGRAM)} gave no answer: ${words?.trim() ?? `exit code ${result.exitCode}`}`,
  }
}

const PROGRAM = 'llama-fit-params'
