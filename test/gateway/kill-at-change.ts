import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import type { GatewayModel } from '../../src/domain/gateway-model.ts'
import type { GatewayOptions } from '../../src/gateway/open-gateway.ts'

/** Runs an updater that applies the models in turn without end, and kills it at the n-th change of its files. */
export async function killAtChange(
  options: Pick<GatewayOptions, 'directory' | 'system'>,
  change: number,
  models: readonly GatewayModel[],
): Promise<void> {
  const script = new URL('apply-forever.ts', import.meta.url).pathname
  let seen = 0
  const look = () => {
    if (++seen === change) child.kill('SIGKILL')
  }
  await mkdir(options.directory, { recursive: true })
  const watchers = [watch(options.directory, { recursive: true }, look)]
  if (options.system !== undefined) watchers.push(watch(options.system.directory, look))
  const argv = [options, ...models].map(one => JSON.stringify(one))
  const child = spawn(process.execPath, [script, ...argv], { stdio: 'ignore' })
  await once(child, 'exit')
  for (const watcher of watchers) watcher.close()
}
