import { readlink, writeFile } from 'node:fs/promises'
import { identify } from './processes.ts'
import { readRegularText } from './regular-file.ts'

const MAX_OWNER_BYTES = 4096

/** Writes the identity of this process, so that others can find out whether it lives. */
export async function writeOwner(path: string): Promise<void> {
  const { startTime } = (await identify(process.pid)) ?? {}
  await writeFile(path, JSON.stringify({ pid: process.pid, startTime, ...(await ownPlace()) }), { mode: 0o600 })
}

/**
 * `another boot`: the file is from before this machine's last boot, or from another machine.
 *
 * @returns undefined if the file cannot be understood, or if another PID namespace wrote it, whose processes are not visible.
 */
export async function readOwner(path: string): Promise<'lives' | 'gone' | 'another boot' | undefined> {
  try {
    const owner = JSON.parse(await readRegularText(path, MAX_OWNER_BYTES))
    const { namespace, boot } = await ownPlace()
    if (owner.boot !== boot) return 'another boot'
    if (owner.namespace !== namespace) return undefined
    return (await identify(owner.pid))?.startTime === owner.startTime ? 'lives' : 'gone'
  } catch {
    return undefined // it is being written or removed, or it is not one of these
  }
}

async function ownPlace() {
  return {
    namespace: await readlink('/proc/self/ns/pid'),
    boot: (await readRegularText('/proc/sys/kernel/random/boot_id', MAX_OWNER_BYTES)).trim(),
  }
}
