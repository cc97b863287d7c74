import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { cp, mkdir, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import type { GatewayOptions } from '../../../src/adapters/gateway/open-gateway.ts'
import type { GatewayModel } from '../../../src/core/domain/gateway-model.ts'

/** Runs an updater that applies the models in turn without end, and kills it at the n-th change of its files. */
export async function killAtChange(
  options: Pick<GatewayOptions, 'directory' | 'system'>,
  change: number,
  models: readonly GatewayModel[],
): Promise<void> {
  const script = await bundled()
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

let bundle: Promise<string> | undefined

/** As updaters are shipped: one file, which starts in a tenth of the time that the sources take, dozens of times a test. */
function bundled(): Promise<string> {
  bundle ??= (async () => {
    const directory = await mkdtemp(join(tmpdir(), 'apply-forever-'))
    const file = join(directory, 'apply-forever.mjs')
    const made = await rolldown({ input: join(import.meta.dirname, 'apply-forever.ts'), platform: 'node' })
    await made.write({ file, format: 'esm', codeSplitting: false })
    await cp(join(import.meta.dirname, '../../../templates'), join(directory, 'templates'), { recursive: true })
    return file
  })()
  return bundle
}
