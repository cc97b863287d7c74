import { execa } from 'execa'

/** A command that hangs is ended; mail and chat gateways answer in seconds. */
const TIMEOUT_MS = 30_000
/** Limit of its error output; only the beginning is reported. */
const MOST_CHARACTERS = 64 * 1024

export interface TierChange {
  readonly site: string
  readonly gateway: string
  readonly tier: string
  readonly event: 'down' | 'up'
}

/**
 * Runs the site's `notify` command with the event in SLUICE_SITE, SLUICE_GATEWAY, SLUICE_TIER and SLUICE_EVENT, and as JSON on
 * standard input. Undefined when it ended with 0, else the reason in words.
 */
export async function notify(command: readonly string[], change: TierChange): Promise<string | undefined> {
  const [program = '', ...args] = command
  const result = await execa(program, args, {
    env: {
      SLUICE_SITE: change.site,
      SLUICE_GATEWAY: change.gateway,
      SLUICE_TIER: change.tier,
      SLUICE_EVENT: change.event,
    },
    input: `${JSON.stringify(change)}\n`,
    stdout: 'ignore',
    timeout: TIMEOUT_MS,
    maxBuffer: MOST_CHARACTERS,
    reject: false,
  })
  return result.failed ? `Cannot notify: ${result.shortMessage}` : undefined
}
