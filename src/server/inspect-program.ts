import { execa } from 'execa'
import { parseDevices } from './worker-script.ts'

/** A program that starts a GPU's driver takes seconds; one that hangs there is not waited for. */
const TIMEOUT_MS = 60_000

/** What llama-server says of its build and of the devices that it sees, which are those that Slurm gave. */
export async function inspectProgram(
  command: string,
  env: Readonly<Record<string, string>>,
): Promise<{ build: string | undefined; devices: readonly string[] }> {
  const ask = async (flag: string) => {
    const options = { env: { ...env }, extendEnv: false, all: true, reject: false, timeout: TIMEOUT_MS } as const
    return (await execa(command, [flag], options)).all ?? ''
  }
  const [version, devices] = await Promise.all([ask('--version'), ask('--list-devices')])
  return {
    build: /^version: *(.+)$/m.exec(version)?.[1]?.trim(),
    devices: parseDevices(devices.split('\n')),
  }
}
