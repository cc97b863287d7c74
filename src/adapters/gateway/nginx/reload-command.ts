import { execa } from 'execa'
import type { Clock } from '../../system/clock.ts'
import { signal as sendSignal } from '../../system/processes.ts'

/**
 * Runs the site's command that reloads nginx, without a shell. Its success shows only that nginx got the signal.
 *
 * @throws with its output when it fails, or has not ended after 20 s; then it and its children are killed.
 */
export async function runReload(
  command: readonly string[],
  { env, clock, signal }: { env: NodeJS.ProcessEnv; clock: Clock; signal: AbortSignal },
): Promise<void> {
  const [program = '', ...args] = command
  const what = JSON.stringify(command.join(' '))
  // In a group of its own, because children of a wrapper keep its output open, and we would wait for them.
  const own = { detached: true, stdin: 'ignore', maxBuffer: MOST_CHARACTERS } as const
  const options = { env, extendEnv: false, cwd: '/', reject: false, ...own } as const
  const child = execa(program, args, options)
  const over = new AbortController()
  const deadline = clock.sleep(DEADLINE_MS, AbortSignal.any([over.signal, signal])).then(() => undefined)
  const result = await Promise.race([child, deadline])
  over.abort()
  if (result === undefined) {
    if (child.pid !== undefined) sendSignal(-child.pid, 'SIGKILL')
    await child
    signal.throwIfAborted()
    throw new Error(`Cannot reload nginx: ${what} has not ended after ${DEADLINE_MS / 1000} s`)
  }
  if (!result.failed) return
  if (result.code === 'ENOENT') throw new Error(`Cannot reload nginx: there is no program ${JSON.stringify(program)}`)
  const words = result.stderr.trim().split('\n').slice(-MAX_LINES).join('; ') || result.shortMessage
  throw new Error(`Cannot reload nginx: ${what} failed: ${words}`, { cause: result })
}

// systemctl waits for the unit's ExecReload, which tests the configuration first.
const DEADLINE_MS = 20_000
const MAX_LINES = 3
const MOST_CHARACTERS = 1024 * 1024
