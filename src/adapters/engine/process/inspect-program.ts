import { execa } from 'execa'
import { parseDevices } from '../nodes/worker-script.ts'

/** The limit: a program that starts a GPU's driver takes seconds, and may hang. */
const TIMEOUT_MS = 60_000

/** llama-server's help has 60 KB, vLLM's 200; a longer output is cut off. */
const MOST_CHARACTERS = 1024 * 1024

/** A program's output for these arguments, such as `--help`, up to a million characters; empty if there is none. */
export async function ask(
  command: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const bounds = { timeout: TIMEOUT_MS, maxBuffer: MOST_CHARACTERS } as const
  const options = { env: { ...env }, extendEnv: false, stdin: 'ignore', all: true, reject: false, ...bounds } as const
  return ((await execa(command, argv, options)).all ?? '').slice(0, MOST_CHARACTERS)
}

/** llama-server's build and its visible devices, which are those that Slurm assigned. */
export async function inspectProgram(
  command: string,
  env: Readonly<Record<string, string>>,
): Promise<{ build: string | undefined; devices: readonly string[] }> {
  const [version, devices] = await Promise.all([
    ask(command, ['--version'], env),
    ask(command, ['--list-devices'], env),
  ])
  return {
    build: /^version: *(.+)$/m.exec(version)?.[1]?.trim(),
    devices: parseDevices(devices.split('\n')),
  }
}
