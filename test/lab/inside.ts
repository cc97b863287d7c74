import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { startCluster } from './cluster/cluster.ts'
import type { ClusterOptions } from './cluster/cluster-options.ts'
import { onReady } from './on-ready.ts'

/** What tini runs inside the tree: `node inside.ts OPTIONS [COMMAND…]`. When it ends, the whole lab does. */
async function main([options = '{}', ...command]: readonly string[]): Promise<number> {
  await startCluster(JSON.parse(options) as ClusterOptions)
  const [program = 'bash', ...rest] = command
  if (command.length === 0) {
    await onReady()
  }
  const child = spawn(program, rest, { stdio: 'inherit' })
  const ended = once(child, 'exit').catch(cause => {
    throw new Error(`Cannot run "${program}" in the lab: ${cause.code}`, { cause })
  })
  // The terminal sends its interrupts to the command as well, and the command decides what they mean.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', signal => child.kill(signal))
  const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null]
  return code ?? 128 + constants.signals[signal ?? 'SIGKILL']
}

// Not exitCode: the updater of a shell's tier would keep this process, and so the lab, after the shell's end.
try {
  process.exit(await main(process.argv.slice(2)))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
