import { execa } from 'execa'
import { parseDevices } from './worker-script.ts'

/** A program that starts a GPU's driver takes seconds; one that hangs there is not waited for. */
const TIMEOUT_MS = 60_000

/** The text of its `--help`; empty where it gives none. */
export async function helpOf(command: string, env: Readonly<Record<string, string>>): Promise<string> {
  return ask(command, '--help', env)
}

/** What llama-server says of its build and of the devices that it sees, which are those that Slurm gave. */
export async function inspectProgram(
  command: string,
  env: Readonly<Record<string, string>>,
): Promise<{ build: string | undefined; devices: readonly string[] }> {
  const [version, devices] = await Promise.all([ask(command, '--version', env), ask(command, '--list-devices', env)])
  return {
    build: /^version: *(.+)$/m.exec(version)?.[1]?.trim(),
    devices: parseDevices(devices.split('\n')),
  }
}

async function ask(command: string, flag: string, env: Readonly<Record<string, string>>): Promise<string> {
  const options = { env: { ...env }, extendEnv: false, all: true, reject: false, timeout: TIMEOUT_MS } as const
  return (await execa(command, [flag], options)).all ?? ''
}
