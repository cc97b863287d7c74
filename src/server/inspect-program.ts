import { execa } from 'execa'
import { parseDevices } from './worker-script.ts'

/** A program that starts a GPU's driver takes seconds; one that hangs there is not waited for. */
const TIMEOUT_MS = 60_000

/** What a program says when it is asked by these arguments, such as `--help`; empty where it says nothing. */
export async function ask(
  command: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const options = { env: { ...env }, extendEnv: false, all: true, reject: false, timeout: TIMEOUT_MS } as const
  return (await execa(command, argv, options)).all ?? ''
}

/** What llama-server says of its build and of the devices that it sees, which are those that Slurm gave. */
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
