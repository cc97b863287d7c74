import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openGateway } from '../../adapters/gateway/open-gateway.ts'
import { registryDirectories } from '../../adapters/registry/directories.ts'
import { removeEndpoint } from '../../adapters/registry/publish.ts'
import { systemClock } from '../../adapters/system/clock.ts'
import { removeDirectory } from '../../adapters/system/owned-directory.ts'
import { holdLock } from '../../adapters/system/process-lock.ts'
import { identify } from '../../adapters/system/processes.ts'
import { readRegularText } from '../../adapters/system/regular-file.ts'
import type { Context } from '../../core/context.ts'
import { ENDPOINT_FILE, MAX_ENDPOINT_BYTES, parseEndpoint } from '../../core/domain/endpoint.ts'
import { supervisorOf } from '../../core/domain/local-replica.ts'

/** The directories of a `sluice up` whose content must not outlive it. */
export interface UpPlaces {
  /** Its temporary directory. */
  readonly work: string
  /** The state directory of its nginx. */
  readonly gateway: string
  /** The shared directory. */
  readonly shared: string
}

/**
 * Cleans up after a `sluice up` that was killed, as `sluice up` does at its own end. Its supervisors and their engines have ended by
 * themselves.
 */
export async function sweepUp(places: UpPlaces, context: Context): Promise<void> {
  const lock = await takeOver(places)
  try {
    if (lock !== 'another') await sweepGateway(places, context.env)
  } finally {
    await removeDirectory(places.work)
    if (lock !== 'another') await lock?.release()
  }
}

/** Ends nginx, and removes the files of replicas whose supervisors are gone. The caller holds the gateway's lock. */
export async function sweepGateway({ gateway, shared }: UpPlaces, env: NodeJS.ProcessEnv): Promise<void> {
  const { stop } = await openGateway({ directory: gateway, nginx: 'nginx', env, clock: systemClock })
  await stop({ graceMs: 0, signal: new AbortController().signal })
  const { endpoints } = registryDirectories(shared)
  const names = await readdir(endpoints).catch(() => []) // nothing there yet, or a share whose error the first scan reports
  for (const name of names) {
    const id = ENDPOINT_FILE.exec(name)?.[1]
    if (id === undefined) continue
    const parsed = parseEndpoint(await readRegularText(join(endpoints, name), MAX_ENDPOINT_BYTES).catch(() => ''), id)
    const supervisor = 'endpoint' in parsed ? supervisorOf(parsed.endpoint) : undefined
    if (supervisor !== undefined && (await identify(supervisor)) === undefined) await removeEndpoint(shared, id)
  }
}

/** A temporary directory of the dead process needs no lock; another one may have a new owner by now. */
async function takeOver({ work, gateway }: UpPlaces): Promise<{ release(): Promise<void> } | 'another' | undefined> {
  if (gateway.startsWith(`${work}/`)) return undefined
  return holdLock(gateway, 'the sweep', () => undefined).catch(() => 'another' as const)
}
