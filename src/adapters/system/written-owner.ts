import { readlink, writeFile } from 'node:fs/promises'
import { identify } from './processes.ts'
import { readRegularText } from './regular-file.ts'

const MAX_OWNER_BYTES = 4096

/** Writes which process this is, for others to know whether it lives. */
export async function writeOwner(path: string): Promise<void> {
  const { startTime } = (await identify(process.pid)) ?? {}
  await writeFile(path, JSON.stringify({ pid: process.pid, startTime, ...(await ownPlace()) }), { mode: 0o600 })
}

/**
 * `another boot`: of this machine before it was started again, or of another machine.
 *
 * @returns undefined where the file says nothing, and where another PID namespace wrote it: who knows who lives there.
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
