import { join } from 'node:path'
import { execa, type Options } from 'execa'

const CLI = join(import.meta.dirname, '../../src/cli.ts')
const VERSION = 'data:text/javascript,globalThis.VERSION="0"'

/** The argv of the command itself, from its sources. */
export const SLUICE = [process.execPath, '--import', VERSION, CLI] as const

/** Runs it to its end: its exit code, and what it prints. */
export async function runSluice(args: readonly string[], options: Pick<Options, 'cwd' | 'env' | 'input'> = {}) {
  const [node, ...rest] = SLUICE
  const { exitCode, stdout, stderr } = await execa(node, [...rest, ...args], {
    input: '',
    ...options,
    extendEnv: false,
    reject: false,
  })
  return { code: exitCode, printed: lines(stdout), warned: lines(stderr) }
}

function lines(text: unknown): string[] {
  return String(text)
    .split('\n')
    .filter(line => line !== '')
}
